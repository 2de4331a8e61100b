// A worker that answers what it is asked, made of the text of a script; the page goes on meanwhile.
export class Asked {
  constructor(source) {
    const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    Object.assign(this, { url, worker: new Worker(url) });
    this.waiting = new Map();
    this.count = 0;
    this.worker.onmessage = ({ data: { id, answer, error } }) => {
      const { resolve, reject } = this.waiting.get(id);
      this.waiting.delete(id);
      if (error) reject(new Error(error));
      else resolve(answer);
    };
  }

  ask(kind, sent) {
    const id = this.count++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.worker.postMessage({ id, kind, sent });
    });
  }

  end() {
    this.worker.terminate();
    URL.revokeObjectURL(this.url);
  }
}
