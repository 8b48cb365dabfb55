/** Operator faults only; one quiet line when there are none. */
import { CircleCheck, TriangleAlert } from "lucide-react";
import type { Dashboard } from "@/api/domain";

export function Attention({ status, reasons }: Pick<Dashboard, "status" | "reasons">) {
  if (status === "healthy" && reasons.length === 0) {
    return (
      <p className="flex items-center gap-2 text-sm text-muted">
        <CircleCheck className="size-4 text-green-600 dark:text-green-400" aria-hidden />
        Nothing needs attention.
      </p>
    );
  }
  return (
    <section
      aria-label="Attention"
      className="overflow-hidden rounded-md border border-orange-300 bg-orange-50 dark:border-orange-900 dark:bg-orange-950/60"
    >
      <h2 className="flex items-center gap-2 px-4 pt-2.5 text-sm font-medium text-orange-800 dark:text-orange-200">
        <TriangleAlert className="size-4" aria-hidden />
        {status === "unhealthy" ? "Unhealthy" : "Needs attention"}
      </h2>
      <ul className="flex flex-col px-4 pt-1 pb-2.5 text-sm text-orange-900 dark:text-orange-100">
        {(reasons.length > 0 ? reasons : ["The server gives no reason."]).map((reason) => (
          <li key={reason} className="py-0.5 pl-6">
            {reason}
          </li>
        ))}
      </ul>
    </section>
  );
}
