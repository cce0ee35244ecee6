/** What a window says where the engine has said nothing. */
export const failureText = {
  lineCut: {
    message: 'The engine does not answer.',
    remedy:
      'This window looks for it by itself, and labs go on running meanwhile. Once it is back, see what became of this and try again.',
  },
  ourFault: 'This is a fault in Hookpoint: report it with what you did and what stands here.',
} as const;
