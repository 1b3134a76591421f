/** How the process of the collector is started, whoever starts it: none of it changes what the process does. */

/**
 * A request leaves a megabyte of short-lived objects behind. V8 would let its nursery grow to 48 MB for
 * them, and keep as much memory of dead request bodies. With 6 MB it looks more often at what is dead
 * anyway: 100 MB less, for no more CPU.
 */
const NURSERY = "--max-semi-space-size=2";

/** What lives in so small a nursery is copied in half a millisecond: waking threads to help costs more. */
const SCAVENGES = "--no-parallel-scavenge";

/**
 * Bodies in flight are tens of megabytes outside of a heap of 25 MB. V8 counts them as growth of the heap, and
 * would mark all of it every time, to find nothing: they are freed by hand (`release-memory.ts`). Room for half
 * of what lives halves what is left of that, for no more memory. Twice as much room would cost 20 MB.
 */
const HEAP_GROWTH = "--heap-growing-percent=50";

/**
 * The decoder is many small functions called in one loop. V8 stops to inline after 920 bytes of bytecode by
 * default, which leaves calls in the middle of it: with more room decoding takes a tenth less.
 */
const INLINING: readonly string[] = [
  "--max-inlined-bytecode-size=1500",
  "--max-inlined-bytecode-size-cumulative=4000",
];

/** What is let go when the traffic ends (`batch-pool.ts`) would else stay until it begins again. */
const COLLECTION = "--expose-gc";

export const NODE_FLAGS: readonly string[] = [
  NURSERY,
  SCAVENGES,
  HEAP_GROWTH,
  ...INLINING,
  COLLECTION,
];

/**
 * One heap of the C allocator for all threads. By default glibc gives each thread its own, and each keeps what
 * its thread has freed: 30 to 50 MB less with one. Other allocators take no notice.
 *
 * Blocks from 256 KB on, inflated bodies first of all, lie outside of it and are given back when they are freed: within it
 * they leave holes that a burst makes and nobody fills, 10 to 35 MB of them. By default glibc moves that border up to 32 MB. What
 * is free at the end of the heap stays up to 32 MB, or it would come and go with every request.
 *
 * The heap is made of pages of 2 MB where the kernel gives them to who asks (`transparent_hugepage=madvise`, the default of
 * most distributions): the processor looks up fewer of them, which is 5 to 9 % of all that it does.
 */
export const ALLOCATOR_ENV: Readonly<Record<string, string>> = {
  MALLOC_ARENA_MAX: "1",
  MALLOC_MMAP_THRESHOLD_: "262144",
  MALLOC_TRIM_THRESHOLD_: "33554432",
  GLIBC_TUNABLES: "glibc.malloc.hugetlb=1",
};
