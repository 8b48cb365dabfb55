/** The memory of a card over an hour, a day, a week or a quarter, as far back as it is kept. */
import { useState } from "react";
import { useHistory } from "@/api/poolQueries";
import { HOUR_MS, line } from "@/features/gpus/words";
import { cx } from "@/lib/cx";
import { formatMemory } from "@/lib/format";
import { formatAbsolute } from "@/lib/time";
import { Loaded } from "@/ui/Loaded";

const DAY_MS = 24 * HOUR_MS;
const SPANS = [
  { label: "Hour", spanMs: HOUR_MS },
  { label: "Day", spanMs: DAY_MS },
  { label: "Week", spanMs: 7 * DAY_MS },
  { label: "90 days", spanMs: 90 * DAY_MS },
];

interface Props {
  uuid: string;
  label: string;
}

function Chart({ uuid, label, spanMs }: Props & { spanMs: number }) {
  const history = useHistory(uuid, spanMs);
  const now = history.dataUpdatedAt;
  return (
    <Loaded query={history} what="the history" skeleton={<div className="h-32" />}>
      {(data) => {
        const known = data.samples.flatMap(({ usedMb }) => (usedMb === null ? [] : [usedMb]));
        const most = known.length > 0 ? formatMemory(Math.max(...known)) : "nothing was read";
        return (
          <figure className="flex flex-col gap-1">
            <div className="flex justify-between text-xs text-muted">
              <span>{data.totalMb === null ? "" : formatMemory(data.totalMb)}</span>
              <span>at most {most}</span>
            </div>
            <svg
              role="img"
              aria-label={`${label}: at most ${most}`}
              viewBox="0 0 100 100"
              preserveAspectRatio="none"
              className="h-28 w-full border-y border-line text-blue-600 dark:text-blue-400"
            >
              <path
                d={line(data, now, spanMs)}
                fill="none"
                stroke="currentColor"
                strokeWidth="1.5"
                vectorEffect="non-scaling-stroke"
              />
            </svg>
            <figcaption className="flex justify-between text-xs text-muted">
              <span>{formatAbsolute(now - spanMs)}</span>
              <span>now</span>
            </figcaption>
          </figure>
        );
      }}
    </Loaded>
  );
}

export function HistoryChart({ uuid, label }: Props) {
  const [spanMs, setSpan] = useState(HOUR_MS);
  return (
    <div className="flex flex-col gap-2 pt-2">
      <div role="group" aria-label={`Span of ${label}`} className="flex w-fit overflow-hidden rounded-sm border border-line-strong">
        {SPANS.map((span) => (
          <button
            key={span.label}
            type="button"
            aria-pressed={span.spanMs === spanMs}
            onClick={() => setSpan(span.spanMs)}
            className={cx(
              "border-r border-line px-2.5 py-1 text-xs last:border-r-0 hover:bg-hover",
              span.spanMs === spanMs && "bg-accent-soft font-medium",
            )}
          >
            {span.label}
          </button>
        ))}
      </div>
      <Chart uuid={uuid} label={label} spanMs={spanMs} />
    </div>
  );
}
