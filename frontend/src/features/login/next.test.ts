import { expect, it } from "vitest";
import { targetOf } from "@/features/login/next";

it.each([
  [null, "/", true],
  ["/console", "/", true],
  ["/console/jobs?status=failed", "/jobs?status=failed", true],
  ["/console/login?next=/console/login", "/", true],
  ["/admin/tenants/", "/admin/tenants/", false],
  ["/consolery", "/consolery", false],
  ["//evil.example", "/", true],
  ["/\\evil.example", "/", true],
  ["https://evil.example", "/", true],
])("leads from %s to %s", (next, path, inConsole) => {
  expect(targetOf(next)).toEqual({ path, inConsole });
});
