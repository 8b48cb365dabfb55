/** The typed client of the console API: CSRF, errors, and the word to `live/connection` whether it answers. */
import createClient from "openapi-fetch";
import { ApiError, OfflineError, type ErrorBody } from "@/api/errors";
import type { paths } from "@/api/schema";
import { boot } from "@/app/boot";
import { connection } from "@/live/connection";

function csrfToken(): string {
  const prefix = `${boot().csrfCookie}=`;
  const cookie = document.cookie.split("; ").find((item) => item.startsWith(prefix));
  return cookie ? decodeURIComponent(cookie.slice(prefix.length)) : "";
}

async function errorBody(response: Response): Promise<ErrorBody | null> {
  try {
    const body = (await response.json()) as Partial<ErrorBody> | null;
    return Array.isArray(body?.errors) ? (body as ErrorBody) : null;
  } catch {
    return null;
  }
}

async function answerOf(request: Request): Promise<Response> {
  try {
    const response = await fetch(request);
    connection.answered();
    return response;
  } catch (error) {
    if (request.signal.aborted) throw error;
    connection.failed();
    throw new OfflineError();
  }
}

/** @throws ApiError on any status above 399, OfflineError when nothing answers. */
export async function send(request: Request): Promise<Response> {
  if (request.method !== "GET") request.headers.set("X-CSRFToken", csrfToken());
  const response = await answerOf(request);
  if (!response.ok) throw new ApiError(response.status, await errorBody(response), response.headers);
  return response;
}

export const client = createClient<paths>({
  baseUrl: location.origin,
  credentials: "same-origin",
  headers: { Accept: "application/json" },
  fetch: send,
});

/** The body of an answer that has one; `send` has thrown on all others. */
export async function bodyOf<T>(answer: Promise<{ data?: T }>): Promise<T> {
  const { data } = await answer;
  if (data === undefined) throw new Error("The server answered without a body.");
  return data;
}
