/** Magnus formula over water, Sonntag 1990, as in WMO-No. 8 (2021), part I, annex 4.B: −45 to 60 °C. */
const [A, B] = [17.62, 243.12];
const E0_HPA = 6.112;
/** Specific gas constant of water vapour, J/(kg·K). */
const R_VAPOUR = 461.5;
const KELVIN = 273.15;

/** Dew point in °C of air at `temp` °C and `humidity` %RH; undefined without any humidity. */
export function dewPoint(temp: number, humidity: number): number | undefined {
  if (humidity <= 0) return undefined;
  const gamma = Math.log(humidity / 100) + (A * temp) / (B + temp);
  return (B * gamma) / (A - gamma);
}

/** Water in air of `temp` °C and `humidity` %RH, in g/m³. */
export function absoluteHumidity(temp: number, humidity: number): number {
  const pressurePa = humidity * E0_HPA * Math.exp((A * temp) / (B + temp));
  return (pressurePa / (R_VAPOUR * (temp + KELVIN))) * 1000;
}
