/** A bulk action in words: what it is about and what it will do. */
import type { BulkVerb, Chosen } from "@/api/bulk";
import type { JobFilters } from "@/api/endpoints";
import { formatCount } from "@/lib/format";
import { STATUS } from "@/ui/status";

export const VERBS: Record<BulkVerb, { label: string; done: string; effect: string }> = {
  cancel: {
    label: "Cancel",
    done: "cancelled",
    effect: "What runs in them is stopped, what waits does not start. Jobs that have ended are refused.",
  },
  retry: {
    label: "Retry",
    done: "retried",
    effect: "They start again little by little. Jobs that are neither failed nor cancelled are refused.",
  },
  delete: {
    label: "Delete",
    done: "deleted",
    effect: "They are gone for good, with their logs and files. Jobs that have not ended are refused.",
  },
};

/** The most jobs one action takes. */
const MOST = 10_000;

export function jobsInWords(chosen: Chosen, count: number | null, capped: boolean): string {
  if ("ids" in chosen) return formatCount(chosen.ids.length, "job");
  if (count === null || capped) return `all matching jobs (at most ${MOST.toLocaleString("en")})`;
  return `all ${formatCount(count, "matching job")}`;
}

export function filtersInWords({ status, q, engine, pipeline, label }: JobFilters): string {
  const parts = [
    status.length > 0 && `status ${status.map((one) => STATUS[one].label.toLowerCase()).join(" or ")}`,
    q && `name or id begins with “${q}”`,
    engine && `engine ${engine}`,
    pipeline && `pipeline ${pipeline}`,
    label && `label ${label}`,
  ].filter(Boolean);
  return parts.length > 0 ? parts.join(", ") : "none, so every job in sight";
}
