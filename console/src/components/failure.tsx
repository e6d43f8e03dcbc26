// An error in place, in three parts: what happened, why, and what to do next; with the id of the request.
import type { ReactNode } from "react";
import { ApiError } from "../api/errors.ts";
import { type Text, useText } from "../i18n/index.ts";
import { Command } from "./command.tsx";
import { WarnIcon } from "./icons.tsx";

const kNextCommand = {
  unreachable: "seine up",
  timeout: "seine doctor",
  refused: "seine doctor",
  malformed: "seine version",
  unauthorized: "seine link",
  missing: undefined,
  broken: undefined,
  failed: "seine doctor",
} as const;

/** What a failure means, in words; anything that is not an ApiError is a fault of this page. */
export function explain(error: unknown, { t }: Text) {
  if (!(error instanceof ApiError)) {
    return {
      what: t("app.crashed"),
      why: String(error),
      next: t("app.crashed.next"),
      command: undefined,
      requestId: "",
    };
  }
  const { failure, requestId, message } = error;
  const next = { next: t(`error.${failure}.next`), command: kNextCommand[failure], requestId };
  switch (failure) {
    case "refused":
      return {
        what: t("error.refused.what", { status: String(error.status) }),
        why: message === "" ? t("error.refused.why") : t("error.refused.said", { message }),
        ...next,
      };
    case "failed":
      return {
        what: t("error.failed.what"),
        why: message === "" ? t("error.refused.why") : t("error.refused.said", { message }),
        ...next,
      };
    case "malformed":
      return { what: t("error.malformed.what"), why: t("error.malformed.why", { detail: message }), ...next };
    default:
      return { what: t(`error.${failure}.what`), why: t(`error.${failure}.why`), ...next };
  }
}

/** children: when it happened and what is being done about it; action: a button. */
export function FailurePanel(props: { error: unknown; children?: ReactNode; action?: ReactNode }) {
  const text = useText();
  const { what, why, next, command, requestId } = explain(props.error, text);
  return (
    <div className="flex flex-col gap-x-6 gap-y-4 rounded-xl bg-bad-soft p-5 sm:flex-row sm:items-start">
      <div className="flex min-w-0 flex-1 gap-3">
        <span className="mt-1 text-bad">
          <WarnIcon />
        </span>
        <div className="min-w-0 space-y-2">
          <div role="alert">
            <p className="font-semibold text-ink">{what}</p>
            <p className="text-sm text-ink-soft">{why}</p>
          </div>
          <p className="flex flex-wrap items-center gap-x-2 gap-y-1 text-sm text-ink">
            {next}
            {command && <Command text={command} />}
          </p>
          {props.children}
          {requestId !== "" && (
            <p className="font-mono text-2xs break-all text-ink-soft">
              {text.t("error.requestId", { id: requestId })}
            </p>
          )}
        </div>
      </div>
      <div className="max-sm:pl-7">{props.action}</div>
    </div>
  );
}
