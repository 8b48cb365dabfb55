/** Log lines to rows: what was dropped between two lines shows as a gap. */
import type { LogLine } from "@/api/domain";

export type LogRow = { kind: "line"; line: LogLine } | { kind: "gap"; missing: number };

const sourceOf = ({ source }: LogLine): string => (source ? `${source.taskId}:${source.attempt}` : "");

const toRow = (line: LogLine): LogRow =>
  line.dropped === null ? { kind: "line", line } : { kind: "gap", missing: line.dropped };

/** Lines are numbered from 1 in each attempt: a jump means that the page let go of some. */
export function withGaps(lines: readonly LogLine[]): LogRow[] {
  const rows: LogRow[] = [];
  const last = new Map<string, number>();
  for (const line of lines) {
    const source = sourceOf(line);
    const missing = line.n - (last.get(source) ?? 0) - (line.dropped ?? 1);
    if (missing > 0) rows.push({ kind: "gap", missing });
    last.set(source, line.n);
    rows.push(toRow(line));
  }
  return rows;
}

/** Rows without a word about what a filter left out between them. */
export const plainRows = (lines: readonly LogLine[]): LogRow[] => lines.map(toRow);

export interface LogFilter {
  q: string;
  level: string;
}

const RANK = ["debug", "info", "warning", "error", "critical"];
const rankOf = (level: string): number => Math.max(RANK.indexOf(level.toLowerCase()), 0);

export const LEVELS = RANK.slice(1, 4);

/** Filtered lines stand alone: gaps say nothing between them. */
export function filterLines(lines: readonly LogLine[], { q, level }: LogFilter): LogLine[] {
  const wanted = q.toLowerCase();
  const least = level === "" ? 0 : rankOf(level);
  return lines.filter(
    (line) => rankOf(line.level) >= least && (wanted === "" || line.text.toLowerCase().includes(wanted)),
  );
}
