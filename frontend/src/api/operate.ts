/** The rarer verbs, loaded with the buttons that need them. */
import { client } from "@/api/client";
import type { Scope } from "@/api/endpoints";

const params = (id: string, tenant: string | null) => ({
  path: { job_id: id },
  query: { tenant: tenant ?? undefined },
});

export type RareJobAction = "delete" | "force" | "raise" | "lower";

export function actRarely(id: string, action: RareJobAction, { tenant }: Scope): Promise<unknown> {
  const at = { params: params(id, tenant) };
  const acts = {
    delete: () => client.DELETE("/api/console/jobs/{job_id}", at),
    force: () => client.POST("/api/console/jobs/{job_id}/cancel", { ...at, body: { force: true } }),
    raise: () => client.POST("/api/console/jobs/{job_id}/raise", at),
    lower: () => client.POST("/api/console/jobs/{job_id}/lower", at),
  };
  return acts[action]();
}

export function turnEngine(id: string, verb: "pause" | "resume"): Promise<unknown> {
  const at = { params: { path: { engine_id: id } } };
  return verb === "pause"
    ? client.POST("/api/console/engines/{engine_id}/pause", at)
    : client.POST("/api/console/engines/{engine_id}/resume", at);
}
