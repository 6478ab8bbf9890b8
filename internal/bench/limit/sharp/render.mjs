// Renders photos by sharp, as package limit asks on standard input: a line of JSON for each turn,
//
//	{"effort": 4, "jpegQuality": 80, "webpQuality": 80, "photos": [{"file": …, "outputs": [{"format", "width", "height"}, …]}, …]}
//
// answered by one line with the bytes of each format. Outputs come from the largest to the smallest: the file is
// decoded once, each smaller size is made of the raw pixels of the one before. Nothing is written.
import { createInterface } from "node:readline";
import { readFile } from "node:fs/promises";
import sharp from "sharp";

sharp.concurrency(1);
sharp.cache(false);

const placeholder = { side: 24, quality: 30 };

// raw makes pixels of so many columns and rows, of a file or of pixels.
async function raw(input, options, width, height) {
	const { data, info } = await sharp(input, options)
		.rotate()
		.resize(width, height, { fit: "fill" })
		.raw()
		.toBuffer({ resolveWithObject: true });
	return { data, width, height, options: { raw: { width: info.width, height: info.height, channels: info.channels } } };
}

async function encode(pixels, format, options) {
	return (await sharp(pixels.data, pixels.options)[format](options).toBuffer()).length;
}

// qualityOf the photo is that of the turn, where a part of one means that so many of the photos, the first ones, have the next.
function qualityOf(quality, photo, photos) {
	const whole = Math.floor(quality);
	return photo < (quality - whole) * photos ? whole + 1 : whole;
}

async function render(turn) {
	const bytes = { jpeg: 0, webp: 0 };
	for (const [i, photo] of turn.photos.entries()) {
		const quality = (of) => qualityOf(of, i, turn.photos.length);
		let pixels = { data: await readFile(photo.file) };
		for (const { format, width, height } of photo.outputs) {
			if (pixels.width !== width || pixels.height !== height) {
				pixels = await raw(pixels.data, pixels.options, width, height);
			}
			bytes[format] +=
				format === "jpeg"
					? await encode(pixels, "jpeg", { quality: quality(turn.jpegQuality), progressive: true, optimiseCoding: true })
					: await encode(pixels, "webp", { quality: quality(turn.webpQuality), effort: turn.effort });
		}
		const scale = placeholder.side / Math.max(pixels.width, pixels.height);
		const mini = await raw(pixels.data, pixels.options, Math.round(pixels.width * scale), Math.round(pixels.height * scale));
		await encode(mini, "webp", { quality: placeholder.quality, effort: turn.effort });
	}
	return bytes;
}

process.stdout.write(JSON.stringify({ sharp: sharp.versions.sharp, libvips: sharp.versions.vips }) + "\n");
for await (const line of createInterface({ input: process.stdin })) {
	process.stdout.write(JSON.stringify(await render(JSON.parse(line))) + "\n");
}
