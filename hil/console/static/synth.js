// One synthesiser for all that sounds: the same function schedules a burst on the page's audio clock and renders it for a measurement.
//
// A burst is {tones: [[hz, ms], ...], ramp_ms, level_permille, harmonics?: [permille, ...], muffle?: {lowpass_hz, loss_centibel}}; a tone
// of 0 Hz is silence. No timer of the page takes part: a page that is hidden may sleep, its audio clock does not.

const MS_PER_S = 1000;
const PERMILLE = 1000;
const CENTIBEL_PER_DECADE = 200; // of amplitude
const BUTTERWORTH_DB = -3.01; // a low-pass without a hump

/** Length of a burst in seconds. */
export const lengthOf = (burst) => burst.tones.reduce((sum, [, ms]) => sum + ms, 0) / MS_PER_S;

/**
 * Schedule a burst from the context's time `at` on, into a node. Returns {end, ended, stop}: `ended` resolves when the last tone has
 * sounded, by the audio clock; `stop` silences what is left for good.
 */
export function schedule(context, burst, at, output) {
  const into = muffled(context, burst.muffle, output);
  const wave = waveOf(context, burst.harmonics);
  const tones = [];
  let from = at;
  for (const [hz, ms] of burst.tones) {
    const until = from + ms / MS_PER_S;
    if (hz > 0) tones.push(tone(context, { hz, from, until, wave, ramp: burst.ramp_ms / MS_PER_S, level: burst.level_permille / PERMILLE }, into));
    from = until;
  }
  const ended = tones.length ? new Promise((done) => tones.at(-1).addEventListener("ended", done, { once: true })) : Promise.resolve();
  const stop = () => {
    for (const each of tones) {
      each.stop();
      each.disconnect();
    }
  };
  return { end: from, ended, stop };
}

/** Render a burst without sounding it; resolves to its samples. */
export async function render(burst, sampleRate = 44100) {
  const context = new OfflineAudioContext(1, Math.ceil((lengthOf(burst) + 0.1) * sampleRate), sampleRate);
  schedule(context, burst, 0, context.destination);
  const rendered = await context.startRendering();
  return rendered.getChannelData(0);
}

function tone(context, { hz, from, until, wave, ramp, level }, into) {
  const source = context.createOscillator();
  const edge = context.createGain();
  source.frequency.value = hz;
  if (wave) source.setPeriodicWave(wave);
  edge.gain.setValueAtTime(0, from);
  edge.gain.linearRampToValueAtTime(level, from + ramp);
  edge.gain.setValueAtTime(level, until - ramp);
  edge.gain.linearRampToValueAtTime(0, until);
  source.connect(edge).connect(into);
  source.start(from);
  source.stop(until);
  return source;
}

function waveOf(context, harmonics) {
  if (!harmonics || harmonics.length < 2) return null;
  const sines = Float32Array.from([0, ...harmonics.map((permille) => permille / PERMILLE)]);
  return context.createPeriodicWave(new Float32Array(sines.length), sines, { disableNormalization: true });
}

function muffled(context, muffle, output) {
  if (!muffle) return output;
  const tissue = context.createBiquadFilter();
  const loss = context.createGain();
  tissue.type = "lowpass";
  tissue.frequency.value = muffle.lowpass_hz;
  tissue.Q.value = BUTTERWORTH_DB;
  loss.gain.value = 10 ** (-muffle.loss_centibel / CENTIBEL_PER_DECADE);
  tissue.connect(loss).connect(output);
  return tissue;
}
