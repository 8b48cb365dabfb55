/** Where one is, for the header and the window's title. Pages below a list name themselves. */
import { useEffect, useSyncExternalStore } from "react";

const listeners = new Set<() => void>();
let detail: string | null = null;

function set(next: string | null): void {
  detail = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const useDetailTitle = (): string | null => useSyncExternalStore(subscribe, () => detail);

/** Names the thing a detail page shows while it shows it. */
export function useDetail(title: string | null): void {
  useEffect(() => {
    set(title);
    return () => set(null);
  }, [title]);
}
