/** What the page may claim about its own freshness. The socket will add "live" here. */

export type ConnectionStatus = "live" | "polling" | "offline" | "paused";

interface Snapshot {
  status: ConnectionStatus;
  /** Epoch ms of the last answer of any kind, null before the first. */
  lastAnswerAt: number | null;
}

const listeners = new Set<() => void>();
let reachable = true;
let paused = false;
let snapshot: Snapshot = { status: "polling", lastAnswerAt: null };

function publish(lastAnswerAt: number | null): void {
  const status = paused ? "paused" : reachable ? "polling" : "offline";
  snapshot = { status, lastAnswerAt };
  for (const listener of listeners) listener();
}

export const connection = {
  subscribe: (listener: () => void): (() => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  snapshot: (): Snapshot => snapshot,
  /** True once a socket patches the cache; polling stops then. */
  isLive: (): boolean => false,
  isPaused: (): boolean => paused,
  answered(): void {
    reachable = true;
    publish(Date.now());
  },
  failed(): void {
    reachable = false;
    publish(snapshot.lastAnswerAt);
  },
  togglePause(): void {
    paused = !paused;
    publish(snapshot.lastAnswerAt);
  },
};
