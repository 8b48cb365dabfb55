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

/** A heartbeat, which is the whole registration of a realtime worker. */
export const heartbeatCurl = (): string =>
  [
    `curl -X PUT ${location.origin}/api/console/workers/asr-1`,
    `-H "Authorization: Token $WORKER_KEY"`,
    `-H "Content-Type: application/json"`,
    `-d ${quote(
      JSON.stringify({
        kind: "realtime",
        boot_id: "5e0c2c1e-6f8e-4f0e-9a53-1c2d3e4f5a6b",
        number: 1,
        endpoint: "ws://127.0.0.1:9001",
        capacity: 2,
        models: ["en"],
        node: "host-1",
        status: "ready",
        sessions: [],
        ended: [],
      }),
    )}`,
  ].join(" \\\n  ");
