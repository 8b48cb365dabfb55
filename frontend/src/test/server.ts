/** The network of a test: answers by method and path, remembers what was asked. */
import { vi } from "vitest";

export type Answer = (request: Request) => Response | Promise<Response>;

export const json = (body: unknown, status = 200): Response =>
  new Response(JSON.stringify(body), {
    status,
    headers: { "Content-Type": "application/json", "X-Request-ID": "req-1" },
  });

export const refusal = (status: number, code: string, detail: string): Response =>
  json({ type: "client_error", errors: [{ code, detail, attr: null }] }, status);

/** Keys are `METHOD /path`; a query is not part of them. Everything else is a 404. */
export function serve(answers: Record<string, Answer>): Request[] {
  const asked: Request[] = [];
  vi.stubGlobal("fetch", (request: Request) => {
    asked.push(request);
    const { pathname } = new URL(request.url);
    const answer = answers[`${request.method} ${pathname}`];
    return Promise.resolve(answer ? answer(request) : refusal(404, "not_found", "Not found."));
  });
  return asked;
}

export const queryOf = (request: Request): URLSearchParams => new URL(request.url).searchParams;
