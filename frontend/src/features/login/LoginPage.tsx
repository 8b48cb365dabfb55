import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, type ReactNode, type SubmitEvent } from "react";
import { useNavigate, useSearchParams } from "react-router";
import { login } from "@/api/endpoints";
import { ApiError, isStatus } from "@/api/errors";
import { boot } from "@/app/boot";
import { ThemeToggle } from "@/app/UserMenu";
import { targetOf } from "@/features/login/next";
import { formatDuration } from "@/lib/time";
import { cx } from "@/lib/cx";
import { Button } from "@/ui/Button";
import { INPUT } from "@/ui/Field";
import { Mark } from "@/ui/Mark";

function messageOf(error: Error): string {
  if (!isStatus(error, 429)) return error.message;
  const seconds = error instanceof ApiError ? error.retryAfterSeconds : null;
  const wait = seconds === null ? "later" : `in ${formatDuration(seconds * 1000)}`;
  return `Too many attempts. Try again ${wait}.`;
}

function useLogin() {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [search] = useSearchParams();
  return useMutation({
    mutationFn: ({ username, password }: { username: string; password: string }) =>
      login(username, password),
    onSuccess: async () => {
      // Nothing of an earlier account may show.
      client.clear();
      const { path, inConsole } = targetOf(search.get("next"));
      if (inConsole) await navigate(path, { replace: true });
      else location.assign(path);
    },
  });
}

function Labelled({ label, children }: { label: string; children: ReactNode }) {
  return (
    <label className="flex flex-col gap-1.5 text-sm font-medium">
      {label}
      {children}
    </label>
  );
}

export default function LoginPage() {
  const entering = useLogin();
  const [search] = useSearchParams();
  useEffect(() => {
    document.title = "Log in · Yardmaster";
  }, []);
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    entering.mutate({
      username: form.get("username") as string,
      password: form.get("password") as string,
    });
  };
  return (
    <div className="dot-grid flex min-h-full flex-col items-center bg-page px-4 pt-[18vh]">
      <div className="fixed top-2 right-3">
        <ThemeToggle />
      </div>
      <main className="w-full max-w-[348px] rounded-lg border border-line bg-surface p-7">
        <div className="flex flex-col gap-4 pb-6">
          <Mark className="size-8" />
          <div>
            <h1 className="text-xl font-semibold tracking-[-0.015em]">Log in to Yardmaster</h1>
            <p className="mt-0.5 text-sm text-muted">
              {search.has("next") ? "Log in to go on where you were." : "The console for staff."}
            </p>
          </div>
        </div>
        <form onSubmit={submit} className="flex flex-col gap-4">
          <Labelled label="Username">
            <input name="username" required autoFocus autoComplete="username" autoCapitalize="none" className={cx(INPUT, "w-full")} />
          </Labelled>
          <Labelled label="Password">
            <input name="password" type="password" required autoComplete="current-password" className={cx(INPUT, "w-full")} />
          </Labelled>
          {entering.error && (
            <p role="alert" className="text-sm text-danger">
              {messageOf(entering.error)}
            </p>
          )}
          <Button type="submit" tone="primary" className="mt-1 w-full" disabled={entering.isPending}>
            {entering.isPending ? "Logging in…" : "Log in"}
          </Button>
        </form>
      </main>
      <p className="mt-4 font-mono text-xs text-muted">{boot().version}</p>
    </div>
  );
}
