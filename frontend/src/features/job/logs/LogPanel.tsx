/** A log with its filters, of a job or of one attempt of a task. */
import type { UseQueryResult } from "@tanstack/react-query";
import type { LogLine } from "@/api/domain";
import type { Stream } from "@/live/stream";
import { filterLines, LEVELS, plainRows, withGaps, type LogFilter } from "@/features/job/logs/rows";
import { LogView } from "@/features/job/logs/LogView";
import { formatCount } from "@/lib/format";
import { useUrl, type Changes } from "@/lib/url";
import { INPUT, SearchField } from "@/ui/Field";
import { Loaded } from "@/ui/Loaded";
import { SkeletonRows } from "@/ui/Skeleton";
import { EmptyState } from "@/ui/States";
import { cx } from "@/lib/cx";

interface Props {
  log: UseQueryResult<Stream<LogLine>>;
  /** Lines of many tasks mix: each says whose it is. */
  named: boolean;
  /** The task or job is still at work: more lines may come. */
  active: boolean;
}

interface FilterProps {
  filter: LogFilter;
  count: number;
  /** Oldest lines no longer held by the page. */
  dropped: number;
  change: (changes: Changes) => void;
}

function NoLines({ filtered, active }: { filtered: boolean; active: boolean }) {
  const words = active
    ? "What the engine prints appears here as it comes."
    : "What an engine prints would be here. It printed nothing.";
  return (
    <EmptyState title={filtered ? "No line matches" : "No log lines"}>
      {!filtered && <p>{words}</p>}
    </EmptyState>
  );
}

function Filters({ filter, count, dropped, change }: FilterProps) {
  return (
    <div className="flex h-12 shrink-0 items-center gap-2 border-b border-line px-4">
      <SearchField
        className="max-w-64 flex-1"
        aria-label="Lines with"
        placeholder="Lines with…"
        value={filter.q}
        onChange={(event) => change({ log: event.target.value })}
        onKeyDown={(event) => event.key === "Escape" && event.currentTarget.blur()}
      />
      <select
        aria-label="Level"
        value={filter.level}
        onChange={(event) => change({ level: event.target.value })}
        className={cx(INPUT, "w-32")}
      >
        <option value="">Every level</option>
        {LEVELS.map((level) => (
          <option key={level} value={level}>
            {level} and above
          </option>
        ))}
      </select>
      <span className="ml-auto text-sm whitespace-nowrap text-muted">
        {dropped > 0 ? `the last ${formatCount(count, "line")}` : formatCount(count, "line")}
      </span>
    </div>
  );
}

export function LogPanel({ log, named, active }: Props) {
  const [search, change] = useUrl();
  const filter = { q: search.get("log") ?? "", level: search.get("level") ?? "" };
  const filtered = filter.q !== "" || filter.level !== "";
  return (
    <Loaded query={log} what="the log" skeleton={<SkeletonRows rows={8} />}>
      {({ items, dropped }) => {
        const lines = filtered ? filterLines(items, filter) : items;
        const rows = filtered ? plainRows(lines) : withGaps(lines);
        return (
          <>
            <Filters filter={filter} count={lines.length} dropped={dropped} change={change} />
            {rows.length > 0 ? (
              <LogView rows={rows} named={named} />
            ) : (
              <NoLines filtered={filtered} active={active} />
            )}
          </>
        );
      }}
    </Loaded>
  );
}
