/** Log lines, virtualised; follows the end until one scrolls up. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import type { LogRow } from "@/features/job/logs/rows";
import { stripAnsi } from "@/lib/ansi";
import { cx } from "@/lib/cx";
import { formatNumber } from "@/lib/format";
import { formatAbsolute, formatClockMs } from "@/lib/time";
import { Button } from "@/ui/Button";

const ROW_PX = 20;
const NEAR_END_PX = 40;

const LEVEL_CLASS: Record<string, string> = {
  warning: "text-yellow-700 dark:text-yellow-300",
  error: "text-red-700 dark:text-red-300",
  critical: "text-red-700 dark:text-red-300",
  debug: "text-muted",
};

function Row({ row, named }: { row: LogRow; named: boolean }) {
  if (row.kind === "gap") {
    return (
      <div className="hatch flex items-center px-4">
        <span className="bg-surface px-2 text-muted">
          {formatNumber(row.missing)} {row.missing === 1 ? "line" : "lines"} dropped
        </span>
      </div>
    );
  }
  const { line } = row;
  const level = line.level.toLowerCase();
  return (
    <div className="flex gap-3 px-4 hover:bg-hover">
      <time className="shrink-0 text-muted select-none" title={formatAbsolute(line.at)}>
        {formatClockMs(line.at)}
      </time>
      {named && (
        <span className="w-32 shrink-0 truncate text-muted select-none" title={line.source?.key}>
          {line.source?.key}
        </span>
      )}
      <span className={cx("min-w-0 flex-1 break-words whitespace-pre-wrap", LEVEL_CLASS[level])}>
        {level !== "info" && LEVEL_CLASS[level] && level !== "debug" && (
          <span className="mr-2 font-semibold uppercase select-none">{level}</span>
        )}
        {stripAnsi(line.text)}
      </span>
    </div>
  );
}

interface Props {
  rows: LogRow[];
  /** Lines of many tasks mix: each says whose it is. */
  named: boolean;
}

function useFollow(count: number) {
  const [following, setFollowing] = useState(true);
  const box = useRef<HTMLDivElement>(null);
  // eslint-disable-next-line react-hooks/incompatible-library -- nothing it returns is memoised here
  const virtual = useVirtualizer({
    count,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_PX,
    overscan: 30,
  });
  useEffect(() => {
    if (following && count > 0) virtual.scrollToIndex(count - 1, { align: "end" });
  }, [virtual, following, count]);
  const onScroll = () => {
    const element = box.current;
    if (!element) return;
    setFollowing(element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_END_PX);
  };
  return { box, virtual, following, onScroll, follow: () => setFollowing(true) };
}

export function LogView({ rows, named }: Props) {
  const { box, virtual, following, onScroll, follow } = useFollow(rows.length);
  return (
    <div className="relative min-h-0 flex-1">
      <div
        ref={box}
        onScroll={onScroll}
        role="log"
        aria-label="Log"
        aria-live="off"
        tabIndex={0}
        className="absolute inset-0 overflow-y-auto bg-surface py-2 font-mono text-xs leading-5 -outline-offset-2"
      >
        <div className="relative" style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((item) => {
            const row = rows[item.index];
            return (
              <div
                key={item.key}
                ref={virtual.measureElement}
                data-index={item.index}
                className="absolute inset-x-0 top-0"
                style={{ transform: `translateY(${item.start}px)` }}
              >
                {row && <Row row={row} named={named} />}
              </div>
            );
          })}
        </div>
      </div>
      {!following && (
        <Button className="absolute right-5 bottom-3" onClick={follow}>
          <ArrowDown aria-hidden /> To the end
        </Button>
      )}
    </div>
  );
}
