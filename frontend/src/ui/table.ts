/** Class names of a table: identity left, state middle, numbers right, time last. */
export const TABLE = "w-full border-collapse text-sm";
export const HEAD_ROW = "border-b border-line text-left text-xs text-muted";
export const HEAD_CELL = "h-9 px-3 font-normal whitespace-nowrap first:pl-4 last:pr-4";
export const ROW =
  "group border-b border-line last:border-b-0 hover:bg-hover data-[active=true]:bg-accent-soft";
export const CELL = "h-10 px-3 whitespace-nowrap first:pl-4 last:pr-4";
export const NUMBER = "text-right font-mono text-xs word-tight";
