// Prices for the synthetic house: Luxembourg's as in tariffs/, and a supplier's that nobody offers.

const SUDSTROUM = 'https://www.sudstroum.lu/de/produkte/strom-fur-geschaftskunden';
const SUDENERGIE = 'https://www.sudenergie.lu/de/unsere-energie-fuer-ihre-zukunft/mein-oekostrom/weitere-tarifbestandteile-von-maei-stroum';
const COMMUNITY = 'https://github.com/koosoli/Leneda-integration (custom_components/leneda/models.py, March 2026)';
const ONE_SOURCE = 'One community source, whose author\u2019s bills agree; the official price list of 2026 was not found.';

/** Fixed prices of the network by reference power in kW, euro a month. */
export const CLASSES = {
  2025: { 3: 11.11, 7: 19.27, 12: 29.46, 17: 39.65, 27: 60.03, 43: 92.64, 70: 147.66, 100: 208.8 },
  2026: { 3: 7.42, 7: 12.84, 12: 19.61, 17: 26.39, 27: 39.94, 43: 61.62, 70: 98.2, 100: 138.85 },
};
export const EXCEEDANCE_2026 = 0.0765;

const Y25 = { from: '2025-01-01', to: '2026-01-01' };
const Y26 = { from: '2026-01-01', to: '2027-01-01' };
const AUGUST = '2026-08-01';

/** All prices at a reference power in kW; in the order of a bill. Euro without tax, for a kWh, month or year. */
export const prices = (kw) => [
  { component: 'energy', per: 'kWh', price: 0.1329, ...Y25 },
  { component: 'energy', per: 'kWh', price: 0.1229, ...Y26 },
  { component: 'supplier-fixed', per: 'year', price: 21 },
  { component: 'network-fixed', per: 'month', price: CLASSES[2025][kw], class: true, source: SUDSTROUM, ...Y25 },
  { component: 'network-fixed', per: 'month', price: CLASSES[2026][kw], class: true, source: SUDENERGIE, ...Y26 },
  { component: 'network-volumetric', per: 'kWh', price: 0.0759, source: SUDSTROUM, ...Y25 },
  { component: 'network-volumetric', per: 'kWh', price: 0.051, source: COMMUNITY, reason: ONE_SOURCE, certain: false, ...Y26 },
  { component: 'exceedance', per: 'beyond', price: 0.1139, class: true, source: SUDSTROUM, ...Y25 },
  { component: 'exceedance', per: 'beyond', price: EXCEEDANCE_2026, class: true, source: COMMUNITY, reason: ONE_SOURCE, certain: false, ...Y26 },
  { component: 'metering', per: 'month', price: 5.9, source: SUDSTROUM, ...Y25 },
  { component: 'metering', per: 'month', price: 5.72, source: SUDENERGIE, ...Y26 },
  {
    component: 'electricity-tax', per: 'kWh', price: 0.001, source: 'https://sudenergie.lu/en/electricity/maei-stroum', certain: false,
    reason: 'Read for 2024, up to 25 000 kWh a year; the budget law sets it every year.',
  },
  { component: 'compensation', per: 'kWh', price: -0.001, from: Y26.from, to: AUGUST, source: SUDENERGIE, reason: 'Up to 25 000 kWh a year.' },
  {
    component: 'compensation', per: 'kWh', price: -0.0371, from: AUGUST, to: Y26.to, certain: false,
    source: 'https://github.com/koosoli/Leneda-integration (custom_components/leneda/adjustment_presets.json)',
    reason: 'One community source, for households up to 25 000 kWh a year until the end of 2026.',
  },
  { component: 'discount', name: 'direct debit', per: 'month', price: -1 },
  { component: 'feed-in', per: 'kWh-exported', price: -0.08, vat: 0 },
];

export const VAT_SOURCE = 'https://sudenergie.lu/fr/notre-energie-pour-votre-avenir/mon-electricite-100-verte';
