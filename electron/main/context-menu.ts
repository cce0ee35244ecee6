import type { ContextMenuParams, MenuItemConstructorOptions } from 'electron';

/** What is known of the place of a click. */
export type ClickedPlace = Pick<ContextMenuParams, 'isEditable' | 'selectionText' | 'editFlags'>;

/**
 * The native menu of a right click: what can be done with the text there, by the roles that every program of the system has. Terminals are
 * fields to the system, so they have the same one. Empty where there is no text.
 */
export function contextMenuTemplate({
  isEditable,
  selectionText,
  editFlags,
}: ClickedPlace): MenuItemConstructorOptions[] {
  if (!isEditable) return selectionText === '' ? [] : [{ role: 'copy', enabled: editFlags.canCopy }];
  return [
    { role: 'copy', enabled: editFlags.canCopy },
    { role: 'paste', enabled: editFlags.canPaste },
    { type: 'separator' },
    { role: 'selectAll', enabled: editFlags.canSelectAll },
  ];
}
