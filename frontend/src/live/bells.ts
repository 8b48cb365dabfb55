/** Asks queries again when something has happened: soon, but not all the time. */
import type { QueryClient, QueryKey } from "@tanstack/react-query";
import { connection } from "@/live/connection";

const BUSY_MS = 100;
const FROZEN_MS = 500;

export class Bells {
  private readonly timers = new Map<string, ReturnType<typeof setTimeout>>();
  private readonly rungAt = new Map<string, number>();

  private readonly client: QueryClient;

  constructor(client: QueryClient) {
    this.client = client;
  }

  /** Ask this query again, at most every so many ms; nothing that rings is lost. */
  ring(queryKey: QueryKey, everyMs: number): void {
    const name = JSON.stringify(queryKey);
    if (this.timers.has(name)) return;
    const due = (this.rungAt.get(name) ?? 0) + everyMs - Date.now();
    this.after(Math.max(0, due), name, queryKey);
  }

  /** The same for all that someone looks at under this key. */
  ringAll(prefix: QueryKey, everyMs: number): void {
    for (const { queryKey } of this.client.getQueryCache().findAll({ queryKey: prefix, type: "active" })) {
      this.ring(queryKey, everyMs);
    }
  }

  stop(): void {
    for (const timer of this.timers.values()) clearTimeout(timer);
    this.timers.clear();
  }

  private after(ms: number, name: string, queryKey: QueryKey): void {
    this.timers.set(name, setTimeout(() => this.act(name, queryKey), ms));
  }

  private act(name: string, queryKey: QueryKey): void {
    if (connection.isFrozen()) this.after(FROZEN_MS, name, queryKey);
    // An answer that is under way may have been read before it rang.
    else if (this.client.isFetching({ queryKey, exact: true }) > 0) this.after(BUSY_MS, name, queryKey);
    else {
      this.timers.delete(name);
      this.rungAt.set(name, Date.now());
      void this.client.invalidateQueries({ queryKey, exact: true });
    }
  }
}
