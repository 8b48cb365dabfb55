/** What the page may claim about its own freshness. */

export type ConnectionStatus = "live" | "polling" | "offline" | "frozen";

interface Snapshot {
  status: ConnectionStatus;
  /** Epoch ms of the last word from the server, null before the first. */
  lastAnswerAt: number | null;
  /** Epoch ms since when the view stands still. */
  frozenAt: number | null;
  /** The server wants no socket of this page. */
  refused: boolean;
}

/** Of frames, which may be many a second. */
const NOTED_EVERY_MS = 1000;

const listeners = new Set<() => void>();
let reachable = true;
let socketUp = false;
let snapshot: Snapshot = { status: "polling", lastAnswerAt: null, frozenAt: null, refused: false };

function statusOf({ frozenAt, refused }: Snapshot): ConnectionStatus {
  if (frozenAt !== null) return "frozen";
  if (socketUp) return "live";
  return reachable && !refused ? "polling" : "offline";
}

function publish(changes: Partial<Snapshot>): void {
  const next = { ...snapshot, ...changes };
  snapshot = { ...next, status: statusOf(next) };
  for (const listener of listeners) listener();
}

export const connection = {
  subscribe: (listener: () => void): (() => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  snapshot: (): Snapshot => snapshot,
  isFrozen: (): boolean => snapshot.frozenAt !== null,
  answered(): void {
    reachable = true;
    publish({ lastAnswerAt: Date.now() });
  },
  failed(): void {
    reachable = false;
    publish({});
  },
  /** The socket is open and its server has greeted. */
  socketOpened(): void {
    socketUp = reachable = true;
    publish({ lastAnswerAt: Date.now(), refused: false });
  },
  /** A frame has come. */
  heard(): void {
    const now = Date.now();
    if (now - (snapshot.lastAnswerAt ?? 0) >= NOTED_EVERY_MS) publish({ lastAnswerAt: now });
  },
  socketClosed(refused = false): void {
    socketUp = false;
    publish({ refused });
  },
  toggleFreeze(): void {
    publish({ frozenAt: snapshot.frozenAt === null ? Date.now() : null });
  },
};
