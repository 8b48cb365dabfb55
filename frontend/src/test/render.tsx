/** The whole page at an address, as the browser would open it. */
import { QueryClientProvider } from "@tanstack/react-query";
import { render } from "@testing-library/react";
import { createMemoryRouter, RouterProvider } from "react-router";
import { createQueryClient } from "@/app/queryClient";
import { BASENAME, leadToLogin, routes } from "@/app/router";

/** `path` below the basename. Returns the router, to look at where one is led. */
export function renderAt(path: string) {
  const router = createMemoryRouter(routes, {
    basename: BASENAME,
    initialEntries: [BASENAME + path],
  });
  const client = createQueryClient(() => leadToLogin(router));
  client.setDefaultOptions({ queries: { ...client.getDefaultOptions().queries, retry: false } });
  render(
    <QueryClientProvider client={client}>
      <RouterProvider router={router} />
    </QueryClientProvider>,
  );
  return router;
}
