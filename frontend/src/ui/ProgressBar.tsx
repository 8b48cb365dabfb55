/** A job's tasks as one stacked bar. */
import type { Progress, TaskStatus } from "@/api/domain";
import { cx } from "@/lib/cx";
import { STATUS } from "@/ui/status";

const ORDER: TaskStatus[] = ["completed", "failed", "cancelled", "skipped", "running", "ready"];

/** Tasks that have come to an end. */
export const settled = ({ completed, failed, skipped, cancelled }: Progress): number =>
  completed + failed + skipped + cancelled;

export const percent = (progress: Progress): number =>
  progress.total === 0 ? 0 : Math.floor((settled(progress) / progress.total) * 100);

interface Props {
  progress: Progress;
  className?: string;
}

export function ProgressBar({ progress, className }: Props) {
  const shown = ORDER.filter((status) => progress[status] > 0);
  const words = shown.map((status) => `${progress[status]} ${STATUS[status].label.toLowerCase()}`);
  return (
    <div
      role="img"
      aria-label={`${settled(progress)} of ${progress.total} tasks settled: ${words.join(", ")}`}
      title={words.join(" · ")}
      className={cx("flex h-1.5 gap-px overflow-hidden rounded-full [contain:strict] bg-gray-200 dark:bg-gray-800", className)}
    >
      {shown.map((status) => (
        <span
          key={status}
          className={cx("h-full min-w-[3px]", STATUS[status].heat)}
          style={{ width: `${(progress[status] / Math.max(progress.total, 1)) * 100}%` }}
        />
      ))}
    </div>
  );
}
