/** The preference under which windows remember how a session's terminals stand; the engine forgets it when the session has ended. */
export const arrangementName = (session: string): string => `terminals/${session}`;
