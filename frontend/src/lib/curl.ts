/** Copy-ready shell commands. */
import type { JobDetail } from "@/api/domain";

/** One single-quoted shell word. */
const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

function post(path: string, body: unknown): string {
  return [
    `curl -X POST ${location.origin}${path}`,
    `-H "Authorization: Token $KEY"`,
    `-H "Content-Type: application/json"`,
    `-d ${quote(JSON.stringify(body))}`,
  ].join(" \\\n  ");
}

export const submitTourCurl = (): string =>
  post("/api/console/jobs", { name: "first tour", pipeline: "tour" });

/** Submits the same job again; one of loose tasks is cloned, as its tasks are known to the server only. */
export function jobCurl(job: JobDetail): string {
  if (job.pipeline === null) return post(`/api/console/jobs/${job.id}/clone`, {});
  const { name, pipeline, parameters, priority, labels } = job;
  return post("/api/console/jobs", { name, pipeline, parameters, priority, labels });
}
