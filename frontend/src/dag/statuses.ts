/** Statuses of a job's tasks in a typed array outside React; listeners hear at most 10 times a second. */
import { TASK_STATUSES, type TaskStatus } from "@/api/domain";
import { at } from "@/dag/graph";

const COMMIT_MS = 100;

export type Counts = Record<TaskStatus, number>;

const codeOf = new Map<TaskStatus, number>(TASK_STATUSES.map((status, code) => [status, code]));

export class StatusStore {
  private codes = new Uint8Array(0);
  private listeners = new Set<() => void>();
  private pending: ReturnType<typeof setTimeout> | null = null;
  version = 0;

  /** Takes over the statuses in task order. */
  update(statuses: Iterable<TaskStatus>): void {
    const codes = Uint8Array.from(statuses, (status) => codeOf.get(status) ?? 0);
    const same = codes.length === this.codes.length && codes.every((code, i) => code === this.codes[i]);
    this.codes = codes;
    if (!same) this.commit();
  }

  get(task: number): TaskStatus {
    return at(TASK_STATUSES, this.codes[task] ?? 0);
  }

  counts(members: readonly number[]): Counts {
    const tally = new Uint32Array(TASK_STATUSES.length);
    for (const task of members) {
      const code = this.codes[task] ?? 0;
      tally[code] = at(tally, code) + 1;
    }
    return Object.fromEntries(TASK_STATUSES.map((status, code) => [status, tally[code]])) as Counts;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  getVersion = (): number => this.version;

  private commit(): void {
    this.pending ??= setTimeout(() => {
      this.pending = null;
      this.version += 1;
      for (const listener of this.listeners) listener();
    }, COMMIT_MS);
  }
}
