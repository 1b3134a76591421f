import { MemoryStore } from "../../src/object-store/memory-store.ts";
import { describeObjectStore } from "../object-store.contract.ts";

describeObjectStore("memory", {
  manyObjects: 2500,
  open: async () => {
    const store = new MemoryStore();
    return { store, sameObjects: store, close: () => store.close() };
  },
});
