/** Routes under /console; each page is a chunk of its own. */
import type { ComponentType } from "react";
import { createBrowserRouter, type RouteObject } from "react-router";
import { RouteError } from "@/app/RouteError";
import { Shell } from "@/app/Shell";

const page = (load: () => Promise<{ default: ComponentType }>) => async () => ({
  Component: (await load()).default,
});

export const routes: RouteObject[] = [
  {
    ErrorBoundary: RouteError,
    HydrateFallback: () => null,
    children: [
      { path: "login", lazy: page(() => import("@/features/login/LoginPage")) },
      {
        Component: Shell,
        children: [
          {
            ErrorBoundary: RouteError,
            children: [
              { index: true, lazy: page(() => import("@/features/dashboard/DashboardPage")) },
              { path: "jobs", lazy: page(() => import("@/features/jobs/JobsPage")) },
              { path: "jobs/:id", lazy: page(() => import("@/features/job/JobPage")) },
              { path: "engines", lazy: page(() => import("@/features/engines/EnginesPage")) },
              { path: "realtime", lazy: page(() => import("@/features/realtime/RealtimePage")) },
              { path: "realtime/sessions/:id", lazy: page(() => import("@/features/session/SessionPage")) },
              { path: "workers", lazy: page(() => import("@/features/workers/WorkersPage")) },
              { path: "gpus", lazy: page(() => import("@/features/gpus/GpusPage")) },
              { path: "*", lazy: page(() => import("@/features/notfound/NotFoundPage")) },
            ],
          },
        ],
      },
    ],
  },
];

export const BASENAME = "/console";

export const createRouter = () => createBrowserRouter(routes, { basename: BASENAME });

/** Leads to the login, and from there back to where the router is now. */
export function leadToLogin(router: ReturnType<typeof createRouter>): void {
  const { pathname, search } = router.state.location;
  if (pathname === `${BASENAME}/login`) return;
  void router.navigate(`/login?next=${encodeURIComponent(pathname + search)}`, { replace: true });
}
