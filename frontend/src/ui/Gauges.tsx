/** Small pictures of numbers: meter, capacity pips, sparkline. */
import { cx } from "@/lib/cx";

const TICKS = [0.8, 0.95];

function fillOf(share: number): string {
  if (share >= 0.95) return "bg-red-500";
  return share >= 0.8 ? "bg-yellow-500" : "bg-gray-700 dark:bg-gray-300";
}

interface MeterProps {
  used: number;
  total: number;
  label: string;
}

export function Meter({ used, total, label }: MeterProps) {
  const share = total > 0 ? Math.min(1, used / total) : 0;
  return (
    <div
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={total}
      aria-valuenow={used}
      className="relative h-1.5 w-full overflow-hidden rounded-full bg-gray-200 dark:bg-gray-800"
    >
      <div className={cx("h-full rounded-full", fillOf(share))} style={{ width: `${share * 100}%` }} />
      {TICKS.map((tick) => (
        <span
          key={tick}
          className="absolute inset-y-0 w-px bg-surface"
          style={{ left: `${tick * 100}%` }}
        />
      ))}
    </div>
  );
}

const PIPS_MAX = 16;

/** One pip a slot up to 16, then a bar. */
export function Pips({ used, total, label }: MeterProps) {
  if (total > PIPS_MAX) return <Meter used={used} total={total} label={label} />;
  return (
    <div role="img" aria-label={`${label}: ${used} of ${total} in use`} className="flex flex-wrap gap-[3px]">
      {Array.from({ length: total }, (_, i) => (
        <span
          key={i}
          className={cx(
            "h-3 w-2 rounded-[2px] border",
            i < used
              ? "border-gray-700 bg-gray-700 dark:border-gray-300 dark:bg-gray-300"
              : "border-line-strong",
          )}
        />
      ))}
    </div>
  );
}

const WIDTH = 120;
const HEIGHT = 28;

/** A short history takes its share of the width only, at the right, where now is. */
const SLOTS_MIN = 24;

function pathOf(values: number[]): string {
  const most = Math.max(...values, 1);
  const step = WIDTH / Math.max(values.length - 1, SLOTS_MIN - 1);
  const start = WIDTH - (values.length - 1) * step;
  return values
    .map((value, i) => {
      const y = HEIGHT - 2 - (value / most) * (HEIGHT - 4);
      return `${i === 0 ? "M" : "L"}${(start + i * step).toFixed(1)} ${y.toFixed(1)}`;
    })
    .join("");
}

export function Sparkline({ values, label }: { values: number[]; label: string }) {
  if (values.length < 2) return <div className="h-7" />;
  const path = pathOf(values);
  const start = path.slice(1, path.indexOf(" "));
  return (
    <svg
      role="img"
      aria-label={label}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      className="h-7 w-full text-muted"
    >
      <path d={`${path}V${HEIGHT}H${start}Z`} fill="currentColor" opacity="0.1" />
      <path d={path} fill="none" stroke="currentColor" strokeWidth="1.5" vectorEffect="non-scaling-stroke" />
    </svg>
  );
}
