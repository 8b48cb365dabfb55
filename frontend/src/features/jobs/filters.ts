/** The filters of the job list, from and to the URL. */
import { JOB_STATUSES, type JobStatus } from "@/api/domain";
import type { JobFilters } from "@/api/endpoints";

export const PAGE_SIZE = 50;
/** Deeper the API wants a cursor. */
const OFFSET_MAX = 10_000;

export const NO_FILTERS: JobFilters = {
  status: [],
  q: "",
  engine: "",
  pipeline: "",
  label: "",
  offset: 0,
  limit: PAGE_SIZE,
};

const isJobStatus = (value: string): value is JobStatus =>
  (JOB_STATUSES as readonly string[]).includes(value);

function offsetOf(text: string | null): number {
  const value = Number(text);
  return Number.isInteger(value) && value > 0 ? Math.min(value, OFFSET_MAX) : 0;
}

/** Nonsense in a link is dropped rather than sent on to a 400. */
export function filtersOf(search: URLSearchParams): JobFilters {
  return {
    status: search.getAll("status").filter(isJobStatus),
    q: search.get("q") ?? "",
    engine: search.get("engine") ?? "",
    pipeline: search.get("pipeline") ?? "",
    label: search.get("label") ?? "",
    offset: offsetOf(search.get("offset")),
    limit: PAGE_SIZE,
  };
}

export const isFiltered = ({ status, q, engine, pipeline, label }: JobFilters): boolean =>
  status.length > 0 || [q, engine, pipeline, label].some(Boolean);

/** `(count, capped)` in words: `1,204`, `10,000+`, or nothing where it is not known. */
export function countWords(count: number | null, capped: boolean): string | null {
  if (count === null) return null;
  return `${count.toLocaleString("en")}${capped ? "+" : ""}`;
}
