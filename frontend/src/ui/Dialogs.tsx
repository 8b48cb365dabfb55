/** Modal dialogs: a bare one, and the question before something changes. */
import { Dialog } from "radix-ui";
import type { ReactNode } from "react";
import { Button } from "@/ui/Button";
import { cx } from "@/lib/cx";

interface ModalProps {
  title: string;
  description?: string;
  open: boolean;
  onClose: () => void;
  children: ReactNode;
  className?: string;
}

export function Modal({ title, description, open, onClose, children, className }: ModalProps) {
  return (
    <Dialog.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Dialog.Portal>
        <Dialog.Overlay className="fixed inset-0 z-40 bg-gray-950/40 dark:bg-gray-950/70" />
        <Dialog.Content
          aria-describedby={description ? undefined : ""}
          className={cx(
            "fixed top-[18vh] left-1/2 z-50 w-[min(460px,calc(100vw-32px))] -translate-x-1/2 rounded-lg border border-line-strong bg-raised focus:outline-none",
            className,
          )}
        >
          <div className="flex flex-col gap-1.5 px-5 pt-5">
            <Dialog.Title className="text-lg font-semibold tracking-[-0.01em]">{title}</Dialog.Title>
            {description && (
              <Dialog.Description className="text-sm text-body">{description}</Dialog.Description>
            )}
          </div>
          {children}
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

interface ConfirmProps {
  title: string;
  description: string;
  /** Set: the question names it again. */
  tenant: string | null;
  confirmLabel: string;
  danger?: boolean;
  busy: boolean;
  error: Error | null;
  open: boolean;
  onConfirm: () => void;
  onClose: () => void;
  children?: ReactNode;
}

export function ConfirmDialog(props: ConfirmProps) {
  const { tenant, error, busy, onClose, onConfirm } = props;
  return (
    <Modal title={props.title} description={props.description} open={props.open} onClose={onClose}>
      <div className="flex flex-col gap-3 px-5 pt-3 empty:hidden">
        {props.children}
        {tenant && (
          <p className="rounded-sm border border-line bg-accent-soft px-3 py-1.5 text-sm">
            Tenant <strong className="font-semibold">{tenant}</strong>
          </p>
        )}
        {error && (
          <p role="alert" className="text-sm text-danger">
            {error.message}
          </p>
        )}
      </div>
      <div className="mt-4 flex justify-end gap-2 rounded-b-lg border-t border-line px-5 py-3">
        <Button onClick={onClose}>Back</Button>
        <Button tone={props.danger ? "danger" : "primary"} onClick={onConfirm} disabled={busy}>
          {props.confirmLabel}
        </Button>
      </div>
    </Modal>
  );
}
