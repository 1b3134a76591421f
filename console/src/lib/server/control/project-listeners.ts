/** Pages that want to know when something of a project has changed. */
export interface ProjectListeners {
  /** Returns the function that ends it. */
  subscribe(projectId: string, notify: () => void): () => void;
  notify(projectId: string): void;
  readonly size: number;
}

export function createProjectListeners(): ProjectListeners {
  const listeners = new Map<string, Set<() => void>>();
  let size = 0;
  return {
    subscribe: (projectId, notify) => {
      const group = listeners.get(projectId) ?? new Set();
      listeners.set(projectId, group.add(notify));
      size += 1;
      return () => {
        if (group.delete(notify)) size -= 1;
        if (group.size === 0) listeners.delete(projectId);
      };
    },
    notify: (projectId) => {
      for (const notify of Array.from(listeners.get(projectId) ?? [])) notify();
    },
    get size() {
      return size;
    },
  };
}
