// What a worker does when the page asks it something: answers by their names.
export function answering(answers) {
  onmessage = async ({ data: { id, kind, sent } }) => {
    try {
      postMessage({ id, answer: await answers[kind](sent) });
    } catch (error) {
      postMessage({ id, error: String(error.stack ?? error) });
    }
  };
}
