/** Tasks as spans of time: waiting from ready to start, then running. */
import type { Task } from "@/api/domain";

export interface Span {
  task: Task;
  readyAt: number;
  /** null while it waits. */
  startedAt: number | null;
  endAt: number;
}

export interface Axis {
  from: number;
  to: number;
  ticks: number[];
}

/** Only tasks that have become ready have a place in time; earliest first. */
export function spansOf(tasks: readonly Task[], now: number): Span[] {
  return tasks
    .flatMap((task) => {
      const readyAt = task.readyAt ?? task.startedAt;
      if (readyAt === null) return [];
      const endAt = Math.max(readyAt, task.completedAt ?? now);
      return [{ task, readyAt, startedAt: task.startedAt, endAt }];
    })
    .sort((a, b) => (a.startedAt ?? now) - (b.startedAt ?? now) || a.endAt - b.endAt);
}

const STEPS_MS = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000,
  600_000, 900_000, 1_800_000, 3_600_000, 7_200_000, 14_400_000, 28_800_000, 86_400_000,
];
const TICKS_MAX = 9;

/** From the first span to the last, with at most TICKS_MAX round distances from the start. */
export function axisOf(spans: readonly Span[]): Axis {
  const from = spans.reduce((least, span) => Math.min(least, span.readyAt), Infinity);
  const end = spans.reduce((most, span) => Math.max(most, span.endAt), -Infinity);
  const length = Math.max(end - from, 1);
  const step = STEPS_MS.find((ms) => length / ms <= TICKS_MAX) ?? length / TICKS_MAX;
  const ticks = Array.from({ length: Math.floor(length / step) + 1 }, (_, i) => i * step);
  return { from, to: from + length, ticks };
}
