import { cx } from "@/lib/cx";

/** Marks what is built in for a first look. */
export function DemoTag({ className }: { className?: string }) {
  return (
    <span
      title="Built in, for a first look"
      className={cx("rounded-[4px] border border-line px-1 font-sans text-2xs font-normal text-muted", className)}
    >
      demo
    </span>
  );
}
