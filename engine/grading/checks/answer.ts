import { z } from 'zod';
import { defineCheck, unknown, unmet } from '../check.ts';
import { judgeAnswer } from '../judge-answer.ts';
import * as part from '../schema-parts.ts';

export default defineCheck({
  type: 'answer',
  present: true,
  schema: z.strictObject({
    /** Id of a question of the lab. */
    question: part.identifier,
  }),
  describe: (spec) => `the question ${spec.question} is answered right`,
  needs: (spec) => ({ nodes: [], answers: [spec.question] }),
  judge(spec, moment) {
    const question = moment.questions.find((one) => one.id === spec.question);
    if (question === undefined) return unknown(`the lab has no question ${spec.question}.`);
    const answer = moment.evidence.answers[spec.question];
    if (answer === undefined) {
      return unmet('no answer', `The question ${spec.question} has no answer yet: ${question.ask}`);
    }
    return judgeAnswer(question, answer.value, question.of === 'baseline' ? moment.evidence.baseline : answer.nodes);
  },
});
