/** What the pages of the pool read, and how it stays fresh. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import * as pool from "@/api/pool";
import type { Session } from "@/api/poolDomain";
import { useTenant } from "@/app/tenant";
import { connection } from "@/live/connection";
import { overviewInterval } from "@/live/intervals";
import { useStill, useTopic } from "@/live/useTopic";

export const poolKeys = {
  realtime: (tenant: string | null) => ["realtime", tenant] as const,
  sessions: (tenant: string | null, ...rest: unknown[]) => ["realtime", tenant, "sessions", ...rest] as const,
  session: (tenant: string | null, id: string) => ["realtime", tenant, "session", id] as const,
  fleets: () => ["fleet"] as const,
  fleet: (tenant: string | null) => ["fleet", tenant] as const,
  cards: (tenant: string | null) => ["cards", tenant] as const,
  history: (uuid: string, spanMs: number) => ["card", uuid, spanMs] as const,
};

/** Asked again, with its sessions, when the pool has changed. */
export function useRealtime() {
  const tenant = useTenant();
  const queryKey = poolKeys.realtime(tenant);
  const still = useStill("realtime");
  useTopic("realtime", { kind: "bell", queryKey });
  return useQuery({
    queryKey,
    queryFn: ({ signal }) => pool.getRealtime({ tenant, signal }),
    refetchInterval: overviewInterval(still),
  });
}

export function useSessions(status: Session["status"][], offset: number) {
  const tenant = useTenant();
  const queryKey = poolKeys.sessions(tenant, status, offset);
  useTopic("realtime", { kind: "bell", queryKey });
  return useQuery({
    queryKey,
    queryFn: ({ signal }) => pool.getSessions(status, offset, { tenant, signal }),
    placeholderData: keepPreviousData,
    // The topic tells of numbers: one that ends as another begins changes none.
    refetchInterval: overviewInterval(connection.isFrozen()),
  });
}

export function useSession(id: string) {
  const tenant = useTenant();
  const queryKey = poolKeys.session(tenant, id);
  const still = useStill("realtime");
  useTopic("realtime", { kind: "bell", queryKey });
  return useQuery({
    queryKey,
    queryFn: ({ signal }) => pool.getSession(id, { tenant, signal }),
    refetchInterval: overviewInterval(still),
  });
}

const FLEET_MS = 3_000;

/** No topic tells of a batch worker's heartbeat. */
export function useFleet() {
  const tenant = useTenant();
  return useQuery({
    queryKey: poolKeys.fleet(tenant),
    queryFn: ({ signal }) => pool.getFleet({ tenant, signal }),
    refetchInterval: FLEET_MS,
  });
}

export function useCards() {
  const tenant = useTenant();
  const queryKey = poolKeys.cards(tenant);
  const still = useStill("gpus");
  useTopic("gpus", { kind: "bell", queryKey });
  return useQuery({
    queryKey,
    queryFn: ({ signal }) => pool.getCards({ tenant, signal }),
    refetchInterval: overviewInterval(still),
  });
}

/** A card, since so many milliseconds ago. */
export const useHistory = (uuid: string, spanMs: number) =>
  useQuery({
    queryKey: poolKeys.history(uuid, spanMs),
    queryFn: ({ signal }) => pool.getHistory(uuid, spanMs, signal),
    refetchInterval: 30_000,
  });
