import type { ComponentProps } from "react";
import { cx } from "@/lib/cx";

export type Tone = "plain" | "warning" | "primary" | "danger" | "ghost";

const BASE =
  "inline-flex h-8 shrink-0 items-center justify-center gap-1.5 rounded-sm border px-2.5 text-sm font-medium whitespace-nowrap transition-colors disabled:opacity-50 disabled:cursor-not-allowed [&_svg]:size-3.5";

const TONES: Record<Tone, string> = {
  plain: "border-line-strong bg-surface text-ink enabled:hover:bg-sunken",
  warning: "border-line-strong bg-surface text-danger enabled:hover:bg-sunken",
  primary:
    "border-transparent bg-gray-900 text-white enabled:hover:bg-gray-700 dark:bg-gray-100 dark:text-gray-900 dark:enabled:hover:bg-white",
  danger: "border-transparent bg-red-600 text-white enabled:hover:bg-red-700",
  ghost: "border-transparent text-body enabled:hover:bg-hover enabled:hover:text-ink",
};

interface ButtonProps extends ComponentProps<"button"> {
  tone?: Tone;
}

export function Button({ tone = "plain", className, ...rest }: ButtonProps) {
  return <button type="button" className={cx(BASE, TONES[tone], className)} {...rest} />;
}

export function IconButton({
  label,
  className,
  ...rest
}: ComponentProps<"button"> & { label: string }) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      className={cx(
        "inline-flex size-8 shrink-0 items-center justify-center rounded-sm text-muted transition-colors hover:bg-hover hover:text-ink disabled:opacity-40 [&_svg]:size-4",
        className,
      )}
      {...rest}
    />
  );
}
