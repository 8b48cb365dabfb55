import { KeptLink } from "@/app/tenant";

interface Props {
  what: string;
  to: string;
  back: string;
}

export function NotFound({ what, to, back }: Props) {
  return (
    <div className="mx-auto flex max-w-xl flex-col items-center gap-3 px-6 py-24 text-center">
      <p className="font-mono text-xs text-muted">404</p>
      <h1 className="text-xl font-semibold tracking-[-0.015em]">There is no such {what}</h1>
      <p className="text-sm text-muted">It was deleted, it belongs to another tenant, or the link has a mistake in it.</p>
      <KeptLink
        to={to}
        className="mt-1 inline-flex h-8 items-center rounded-sm border border-line-strong bg-surface px-2.5 text-sm font-medium hover:bg-sunken"
      >
        {back}
      </KeptLink>
    </div>
  );
}
