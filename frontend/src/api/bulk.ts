/** One verb on many jobs: asked for, then followed as it goes on. Loaded with the pages that need it. */
import { useQuery } from "@tanstack/react-query";
import { bodyOf, client } from "@/api/client";
import type { JobFilters, Scope } from "@/api/endpoints";
import type { components } from "@/api/schema";
import { useTenant } from "@/app/tenant";

type Wire = components["schemas"];

export type BulkVerb = Wire["BulkVerb"];
export type BulkResult = Wire["BulkResult"];

export interface BulkItem {
  jobId: string;
  /** null until it was its turn. */
  result: BulkResult | null;
  detail: string | null;
}

export interface Bulk {
  id: string;
  action: BulkVerb;
  actor: string;
  completedAt: number | null;
  total: number;
  done: number;
  succeeded: number;
  failed: number;
  pending: number;
  items: BulkItem[];
  /** The `after` of the next page of items. */
  next: string | null;
}

/** Jobs by their ids, or all that the filters find when it is asked for. */
export type Chosen = { ids: string[] } | { filters: JobFilters };

/** Which items a page shows. */
export type Shown = BulkResult | "pending" | "failed";

const POLL_MS = 1000;
const PAGE_SIZE = 50;

/** What the list's query says, without its place in the list and without what is empty. */
export function filterOf({ status, q, engine, pipeline, label }: JobFilters): Wire["BulkRequest"]["filter"] {
  return {
    ...(status.length > 0 && { status }),
    ...(q && { q }),
    ...(engine && { engine }),
    ...(pipeline && { pipeline }),
    ...(label && { label: [label] }),
  };
}

/** The id of the action; its jobs are fixed from now on. */
export async function startBulk(action: BulkVerb, chosen: Chosen, { tenant }: Scope): Promise<string> {
  const params = { query: { tenant: tenant ?? undefined } };
  const of = "ids" in chosen ? { ids: chosen.ids } : { filter: filterOf(chosen.filters) };
  const answer = client.POST("/api/console/jobs/bulk", { params, body: { action, ...of } });
  return (await bodyOf(answer)).id;
}

const toBulk = (bulk: Wire["Bulk"]): Bulk => ({
  id: bulk.id,
  action: bulk.action,
  actor: bulk.actor,
  completedAt: bulk.completed_at === null ? null : Date.parse(bulk.completed_at),
  total: bulk.total,
  done: bulk.done,
  succeeded: bulk.succeeded,
  failed: bulk.failed,
  pending: bulk.pending,
  items: bulk.items.map(({ job_id, result, detail }) => ({ jobId: job_id, result, detail })),
  next: bulk.next,
});

export function useBulk(id: string, shown: Shown | null, after: string | null) {
  const tenant = useTenant();
  return useQuery({
    queryKey: ["bulk", tenant, id, shown, after],
    queryFn: async ({ signal }) => {
      const query = {
        tenant: tenant ?? undefined,
        limit: PAGE_SIZE,
        result: shown ?? undefined,
        after: after ?? undefined,
      };
      const params = { path: { bulk_id: id }, query };
      return toBulk(await bodyOf(client.GET("/api/console/jobs/bulk/{bulk_id}", { params, signal })));
    },
    placeholderData: (former) => former,
    refetchInterval: ({ state }) => (state.data?.completedAt === null ? POLL_MS : false),
  });
}
