/** What patches make of cached lists, boards and logs. Pure. */
import type { Job, JobPage, LogLine } from "@/api/domain";
import type { JobFilters } from "@/api/endpoints";
import { newerRow } from "@/live/newer";
import { extend, type Stream } from "@/live/stream";

export interface JobRows {
  changed: Job[];
  removed: readonly string[];
}

const startsWith = (text: string, q: string): boolean => text.toLowerCase().startsWith(q.toLowerCase());

/** Whether the list would hold it, as far as a row tells. */
function fits(job: Job, { status, q, pipeline, label }: JobFilters, tenant: string | null): boolean {
  const [name = "", value] = label.split(/:(.*)/s);
  const passed = [
    tenant === null || job.tenant === tenant,
    status.length === 0 || status.includes(job.status),
    pipeline === "" || job.pipeline === pipeline,
    label === "" || job.labels[name] === value,
    q === "" || startsWith(job.name, q) || job.id.startsWith(q),
  ];
  return passed.every(Boolean);
}

interface View {
  filters: JobFilters;
  tenant: string | null;
}

/** `stale`: what has changed may belong on the page, and only the server knows. */
export function patchPage(
  page: JobPage,
  { changed, removed }: JobRows,
  { filters, tenant }: View,
): { page: JobPage; stale: boolean } {
  const told = new Map(changed.map((job) => [job.id, job]));
  const gone = new Set(removed);
  const jobs = page.jobs.filter(({ id }) => !gone.has(id)).map((job) => newerRow(job, told.get(job.id)));
  const shown = new Set(page.jobs.map(({ id }) => id));
  const others = changed.filter((job) => !shown.has(job.id) && fits(job, filters, tenant));
  // Ids are UUIDv7: a greater one is of a newer job.
  const newest = page.jobs[0]?.id ?? "";
  const newer = filters.offset === 0 ? others.filter(({ id }) => id > newest).map(({ id }) => id) : [];
  const hidden = filters.status.length > 0 || filters.engine !== "";
  const stale = hidden ? others.length > 0 : jobs.length === 0 && newer.length > 0;
  const waiting = hidden ? [] : [...new Set([...page.newer, ...newer])].filter((id) => !gone.has(id));
  return { page: { ...page, jobs, newer: waiting }, stale };
}

/** The lines that follow those held. */
export function appendLines(stream: Stream<LogLine>, lines: readonly LogLine[]): Stream<LogLine> {
  const last = Number(stream.after ?? 0);
  const fresh = lines.filter(({ n }) => n > last);
  const end = fresh.at(-1);
  if (!end) return stream;
  return extend(stream, fresh, String(end.n));
}
