/** Local time to the millisecond. */
export function clock(time: number): string {
  const date = new Date(time * 1000);
  const part = (value: number, digits: number) => String(value).padStart(digits, '0');
  return `${part(date.getHours(), 2)}:${part(date.getMinutes(), 2)}:${part(date.getSeconds(), 2)}.${part(date.getMilliseconds(), 3)}`;
}
