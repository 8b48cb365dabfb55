/** Failures of a request, told apart by what the page does about them. */
import type { components } from "@/api/schema";

export type ErrorBody = components["schemas"]["Error"];

export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly requestId: string | null;
  readonly retryAfterSeconds: number | null;

  constructor(status: number, body: ErrorBody | null, headers: Headers) {
    super(body?.errors.map((error) => error.detail).join(" ") ?? `The server answered ${status}.`);
    this.name = "ApiError";
    this.status = status;
    this.code = body?.errors[0]?.code ?? "error";
    this.requestId = headers.get("X-Request-ID");
    const retryAfter = Number(headers.get("Retry-After"));
    this.retryAfterSeconds = retryAfter > 0 ? retryAfter : null;
  }
}

/** No answer at all: the server or the network is away. */
export class OfflineError extends Error {
  constructor() {
    super("The server cannot be reached.");
    this.name = "OfflineError";
  }
}

export const isStatus = (error: unknown, status: number): boolean =>
  error instanceof ApiError && error.status === status;
