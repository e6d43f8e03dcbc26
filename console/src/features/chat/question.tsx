// A question as it was asked; editing it makes a new branch beside it.
import { useEffect, useRef, useState } from "react";
import { Button, IconButton } from "../../components/button.tsx";
import { CopyButton } from "../../components/copy_button.tsx";
import { PencilIcon, TrashIcon } from "../../components/icons.tsx";
import { useText } from "../../i18n/index.ts";
import { Branches } from "./branches.tsx";
import type { Shown } from "./tree.ts";

export function Question(props: {
  shown: Shown;
  /** While an answer is made, nothing is forked or deleted. */
  busy: boolean;
  onEdit: (text: string) => void;
  onDelete: () => void;
  onStep: (by: 1 | -1) => void;
}) {
  const { t } = useText();
  const { message } = props.shown;
  const [editing, setEditing] = useState(false);
  if (editing) {
    return (
      <Editor
        text={message.text}
        onCancel={() => setEditing(false)}
        onDone={(text) => {
          setEditing(false);
          props.onEdit(text);
        }}
      />
    );
  }
  return (
    <article aria-label={t("question.label")} className="group flex flex-col items-end">
      <p className="question-bubble">{message.text}</p>
      <div className="message-actions justify-end">
        <Branches shown={props.shown} onStep={props.onStep} />
        <CopyButton text={message.text} label={t("question.copy")} />
        {!props.busy && (
          <>
            <IconButton label={t("question.edit")} onClick={() => setEditing(true)}>
              <PencilIcon />
            </IconButton>
            <IconButton label={t("message.delete")} onClick={props.onDelete}>
              <TrashIcon />
            </IconButton>
          </>
        )}
      </div>
    </article>
  );
}

function Editor(props: { text: string; onCancel: () => void; onDone: (text: string) => void }) {
  const { t } = useText();
  const [text, setText] = useState(props.text);
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    field.current?.focus();
    field.current?.setSelectionRange(props.text.length, props.text.length);
  }, [props.text]);
  const done = () => text.trim() !== "" && props.onDone(text.trim());
  return (
    <form
      className="composer ml-auto w-full max-w-xl"
      onSubmit={(event) => {
        event.preventDefault();
        done();
      }}
    >
      <textarea
        ref={field}
        value={text}
        rows={Math.min(8, text.split("\n").length + 1)}
        aria-label={t("question.edit")}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.nativeEvent.isComposing) return;
          if (event.key === "Escape") {
            event.stopPropagation();
            props.onCancel();
          } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) done();
        }}
        className="block w-full resize-none bg-transparent px-4 pt-3 outline-none"
      />
      <div className="flex items-center justify-end gap-2 p-2">
        <p className="mr-auto pl-2 text-2xs text-ink-faint">{t("question.edit.note")}</p>
        <Button kind="quiet" onClick={props.onCancel}>
          {t("action.cancel")}
        </Button>
        <Button kind="loud" type="submit" disabled={text.trim() === ""}>
          {t("question.send")}
        </Button>
      </div>
    </form>
  );
}
