/** Page parts: title row, bordered panel. */
import type { ReactNode } from "react";
import { cx } from "@/lib/cx";

export function PageTitle({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="flex min-h-8 flex-wrap items-center gap-3">
      <h1 className="text-xl font-semibold tracking-[-0.015em]">{title}</h1>
      <div className="ml-auto flex items-center gap-2">{children}</div>
    </div>
  );
}

interface PanelProps {
  title: string;
  aside?: ReactNode;
  children: ReactNode;
  className?: string;
}

export function Panel({ title, aside, children, className }: PanelProps) {
  return (
    <section
      aria-label={title}
      className={cx("overflow-hidden rounded-md border border-line bg-surface", className)}
    >
      <div className="flex h-10 items-center gap-2 border-b border-line px-4">
        <h2 className="text-sm font-medium">{title}</h2>
        <div className="ml-auto text-sm text-muted">{aside}</div>
      </div>
      {children}
    </section>
  );
}
