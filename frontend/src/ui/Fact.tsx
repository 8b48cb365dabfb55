/** A quiet label with its value, as in the head of a job or a task. */
import type { ReactNode } from "react";

export function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className="flex min-w-0 flex-col gap-0.5">
      <dt className="text-xs text-muted">{label}</dt>
      <dd className="truncate text-sm text-ink">{children}</dd>
    </div>
  );
}
