/** The calls of the console API that the page makes: wire in, domain out. */
import { bodyOf, client, send } from "@/api/client";
import type * as domain from "@/api/domain";
import * as map from "@/api/map";
import { randomId } from "@/lib/id";

export interface Scope {
  tenant: string | null;
  signal?: AbortSignal;
}

export interface JobFilters {
  status: domain.JobStatus[];
  q: string;
  engine: string;
  pipeline: string;
  label: string;
  offset: number;
  limit: number;
}

/** Nothing is left out of the query rather than sent empty, which the API refuses. */
const given = <T>(value: T | null): T | undefined => value || undefined;
const scoped = (tenant: string | null) => ({ tenant: given(tenant) });

export const getMe = async (signal?: AbortSignal): Promise<domain.Me> =>
  map.toMe(await bodyOf(client.GET("/api/console/me", { signal })));

export const getTenants = async (signal?: AbortSignal): Promise<domain.Tenant[]> =>
  (await bodyOf(client.GET("/api/console/tenants", { signal }))).map(map.toTenant);

export const getPipelines = async ({ tenant, signal }: Scope): Promise<domain.Pipeline[]> => {
  const params = { query: scoped(tenant) };
  return (await bodyOf(client.GET("/api/console/pipelines", { params, signal }))).map(map.toPipeline);
};

export const getDashboard = async ({ tenant, signal }: Scope): Promise<domain.Dashboard> => {
  const params = { query: scoped(tenant) };
  return map.toDashboard(await bodyOf(client.GET("/api/console/dashboard", { params, signal })));
};

export const getEngines = async ({ tenant, signal }: Scope): Promise<domain.Engine[]> => {
  const params = { query: scoped(tenant) };
  return (await bodyOf(client.GET("/api/console/engines", { params, signal }))).map(map.toEngine);
};

export const getJobs = async (
  { status, q, engine, pipeline, label, offset, limit }: JobFilters,
  { tenant, signal }: Scope,
): Promise<domain.JobPage> => {
  const query = {
    ...scoped(tenant),
    limit,
    offset: given(offset),
    status: status.length > 0 ? status : undefined,
    q: given(q),
    engine: given(engine),
    pipeline: given(pipeline),
    label: label === "" ? undefined : [label],
  };
  return map.toJobPage(await bodyOf(client.GET("/api/console/jobs", { params: { query }, signal })));
};

export const submitJob = async (
  body: { name: string; pipeline: string },
  { tenant }: Scope,
): Promise<domain.Job> => {
  const params = { query: scoped(tenant), header: { "Idempotency-Key": randomId() } };
  return map.toJob(await bodyOf(client.POST("/api/console/jobs", { params, body })));
};

const jobParams = (id: string, tenant: string | null) => ({
  path: { job_id: id },
  query: scoped(tenant),
});

export const getJob = async (id: string, { tenant, signal }: Scope): Promise<domain.JobDetail> => {
  const params = jobParams(id, tenant);
  return map.toJobDetail(await bodyOf(client.GET("/api/console/jobs/{job_id}", { params, signal })));
};

export type JobAction = "cancel" | "retry" | "clone";

/** What an action answers with: the job, or for `clone` the new one. */
export const actOnJob = async (
  id: string,
  action: JobAction,
  { tenant }: Scope,
): Promise<domain.Job> => {
  const params = jobParams(id, tenant);
  const acts = {
    cancel: () => client.POST("/api/console/jobs/{job_id}/cancel", { params }),
    retry: () => client.POST("/api/console/jobs/{job_id}/retry", { params }),
    clone: () => client.POST("/api/console/jobs/{job_id}/clone", { params }),
  };
  return map.toJob(await bodyOf(acts[action]()));
};

export const getTasks = async (id: string, { tenant, signal }: Scope): Promise<domain.JobTasks> => {
  const params = jobParams(id, tenant);
  const answer = client.GET("/api/console/jobs/{job_id}/tasks", { params, signal });
  return map.toJobTasks(await bodyOf(answer));
};

const taskParams = (jobId: string, taskId: string, tenant: string | null) => ({
  path: { job_id: jobId, task_id: taskId },
  query: scoped(tenant),
});

export const getTask = async (
  jobId: string,
  taskId: string,
  { tenant, signal }: Scope,
): Promise<domain.TaskDetail> => {
  const params = taskParams(jobId, taskId, tenant);
  const answer = client.GET("/api/console/jobs/{job_id}/tasks/{task_id}", { params, signal });
  return map.toTaskDetail(await bodyOf(answer));
};

export const retryTask = (jobId: string, taskId: string, { tenant }: Scope): Promise<unknown> => {
  const params = taskParams(jobId, taskId, tenant);
  return client.POST("/api/console/jobs/{job_id}/tasks/{task_id}/retry", { params });
};

export const getWhy = async (
  jobId: string,
  taskId: string,
  { tenant, signal }: Scope,
): Promise<domain.Why> => {
  const params = taskParams(jobId, taskId, tenant);
  const answer = client.GET("/api/console/jobs/{job_id}/tasks/{task_id}/why", { params, signal });
  return map.toWhy(await bodyOf(answer));
};

/** `after` is a former page's `next`. */
export const getJobLogs = async (
  jobId: string,
  after: string | null,
  { tenant, signal }: Scope,
): Promise<domain.LogPage> => {
  const base = jobParams(jobId, tenant);
  const params = { ...base, query: { ...base.query, after: given(after) } };
  const answer = client.GET("/api/console/jobs/{job_id}/logs", { params, signal });
  return map.toJobLogPage(await bodyOf(answer));
};

export interface AttemptRef {
  jobId: string;
  taskId: string;
  /** null: the current one. */
  attempt: number | null;
}

export const getTaskLogs = async (
  { jobId, taskId, attempt }: AttemptRef,
  after: string | null,
  { tenant, signal }: Scope,
): Promise<domain.LogPage> => {
  const base = taskParams(jobId, taskId, tenant);
  const place = { attempt: given(attempt), after: after === null ? undefined : Number(after) };
  const params = { ...base, query: { ...base.query, ...place } };
  const answer = client.GET("/api/console/jobs/{job_id}/tasks/{task_id}/logs", { params, signal });
  return map.toTaskLogPage(await bodyOf(answer));
};

export const getEvents = async (
  jobId: string,
  after: number | null,
  { tenant, signal }: Scope,
): Promise<domain.JobEvent[]> => {
  const base = jobParams(jobId, tenant);
  const params = { ...base, query: { ...base.query, after: given(after) } };
  const answer = client.GET("/api/console/jobs/{job_id}/events", { params, signal });
  return (await bodyOf(answer)).events.map(map.toEvent);
};

export const fileUrl = (id: string): string => `/api/console/files/${id}`;

const post = (path: string, body: unknown): Promise<unknown> =>
  send(
    new Request(new URL(path, location.origin), {
      method: "POST",
      credentials: "same-origin",
      headers: { Accept: "application/json", "Content-Type": "application/json" },
      body: JSON.stringify(body),
    }),
  );

export const login = (username: string, password: string): Promise<unknown> =>
  post("/console/login", { username, password });

export const logout = (): Promise<unknown> => post("/console/logout", {});
