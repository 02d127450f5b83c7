"""Small models in PyTorch, written as the paper and the reference's parameter names describe them.

Usage: forward_models.py FOLDER. For every case it writes CASE.json (the model's description), CASE.pth (its weights, as
torch.save writes them, in several forms), CASE.in.safetensors (inputs) and CASE.expected.pth (outputs, losses, gradients).
"""
import argparse
import json
import struct
import sys
from collections import OrderedDict

import numpy as np
import torch
import torch.nn.functional as F

folder = sys.argv[1]
torch.set_num_threads(1)

NORMS = ("norm1.weight", "norm2.weight", "norm.weight", "fc_norm.weight")
NORMS += ("ln_1.weight", "ln_2.weight", "ln_pre.weight", "ln_post.weight")


def numbers(name, shape, amplitude, centre=0.0):
    """mulberry32, seeded by the name; its state is a counter, so all draws are made at once."""
    seed = sum(ord(c) * (i + 1) for i, c in enumerate(name)) % 1000
    count = int(np.prod(shape))
    with np.errstate(over="ignore"):
        a = np.uint32(seed) + np.arange(1, count + 1, dtype=np.uint32) * np.uint32(0x6D2B79F5)
        t = (a ^ (a >> np.uint32(15))) * (a | np.uint32(1))
        t = (t + (t ^ (t >> np.uint32(7))) * (t | np.uint32(61))) ^ t
    u = (t ^ (t >> np.uint32(14))).astype(np.float64) / 2**32
    return torch.from_numpy((centre + amplitude * (2 * u - 1)).astype(np.float32).reshape(shape))


def weight(name, shape):
    return numbers(name, shape, 0.1, 1.0) if name.endswith(NORMS) else numbers(name, shape, 0.3)


def sinusoid(n, d):
    position, channel = np.arange(n)[:, None], np.arange(d)[None]
    angle = position / np.power(10000, 2 * (channel // 2) / d)
    return torch.from_numpy(np.where(channel % 2 == 0, np.sin(angle), np.cos(angle)).astype(np.float32))


# names and shapes


def block_shapes(p, d, ratio, bias, scale):
    h = int(d * ratio)
    out = OrderedDict()
    if scale:
        out[p + "gamma_1"], out[p + "gamma_2"] = (d,), (d,)
    out[p + "norm1.weight"], out[p + "norm1.bias"] = (d,), (d,)
    if bias:
        out[p + "attn.q_bias"], out[p + "attn.v_bias"] = (d,), (d,)
    out[p + "attn.qkv.weight"] = (3 * d, d)
    out[p + "attn.proj.weight"], out[p + "attn.proj.bias"] = (d, d), (d,)
    out[p + "norm2.weight"], out[p + "norm2.bias"] = (d,), (d,)
    out[p + "mlp.fc1.weight"], out[p + "mlp.fc1.bias"] = (h, d), (h,)
    out[p + "mlp.fc2.weight"], out[p + "mlp.fc2.bias"] = (d, h), (d,)
    return out


def pair(name, o, i=None):
    return {name + ".weight": (o,) if i is None else (o, i), name + ".bias": (o,)}


def tokens_of(c, frames, size):
    return frames // c["tubelet_size"] * (size // c["patch_size"]) ** 2


def student_shapes(c):
    d, t, p = c["encoder_embed_dim"], c["tubelet_size"], c["patch_size"]
    s = OrderedDict()
    if c["use_learnable_pos_emb"]:
        s["encoder.pos_embed"] = (1, tokens_of(c, c["num_frames"], c["img_size"]), d)
    s["encoder.patch_embed.proj.weight"], s["encoder.patch_embed.proj.bias"] = (d, 3, t, p, p), (d,)
    for i in range(c["encoder_depth"]):
        s.update(block_shapes(f"encoder.blocks.{i}.", d, c["mlp_ratio"], c["qkv_bias"], c["init_values"] > 0))
    s.update(pair("encoder.norm", d))
    for k in range(c["clip_return_layer"]):
        s.update(pair(f"clip_decoder.{k}.head", c["clip_output_dim"], d))
        s.update(pair(f"clip_decoder.{k}.norm", c["clip_output_dim"]))
    return s


def clip_shapes(c, grid):
    w, p = c["width"], c["patch_size"]
    s = OrderedDict({"class_embedding": (w,), "positional_embedding": (1 + grid * grid, w), "proj": (w, c["output_dim"])})
    s["conv1.weight"] = (w, 3, p, p)
    s.update(pair("ln_pre", w))
    for i in range(c["layers"]):
        b = f"transformer.resblocks.{i}."
        s[b + "attn.in_proj_weight"], s[b + "attn.in_proj_bias"] = (3 * w, w), (3 * w,)
        s.update(pair(b + "attn.out_proj", w, w))
        s.update(pair(b + "ln_1", w))
        s.update(pair(b + "mlp.c_fc", 4 * w, w))
        s.update(pair(b + "mlp.c_proj", w, 4 * w))
        s.update(pair(b + "ln_2", w))
    s.update(pair("ln_post", w))
    return s


def classifier_shapes(c):
    d, t, p = c["embed_dim"], c["tubelet_size"], c["patch_size"]
    s = OrderedDict()
    s["patch_embed.proj.weight"], s["patch_embed.proj.bias"] = (d, 3, t, p, p), (d,)
    for i in range(c["depth"]):
        s.update(block_shapes(f"blocks.{i}.", d, c["mlp_ratio"], c["qkv_bias"], c["init_values"] > 0))
    s.update(pair("fc_norm" if c["use_mean_pooling"] else "norm", d))
    s.update(pair("head", c["num_classes"], d))
    return s


def videomae_shapes(c):
    d, e, t, p = c["encoder_embed_dim"], c["decoder_embed_dim"], c["tubelet_size"], c["patch_size"]
    s = OrderedDict({"mask_token": (1, 1, e), "encoder.patch_embed.proj.weight": (d, 3, t, p, p)})
    s["encoder.patch_embed.proj.bias"] = (d,)
    for i in range(c["encoder_depth"]):
        s.update(block_shapes(f"encoder.blocks.{i}.", d, c["mlp_ratio"], c["qkv_bias"], False))
    s.update(pair("encoder.norm", d))
    for i in range(c["decoder_depth"]):
        s.update(block_shapes(f"decoder.blocks.{i}.", e, c["mlp_ratio"], c["qkv_bias"], False))
    s.update(pair("decoder.norm", e))
    s.update(pair("decoder.head", c["decoder_num_classes"], e))
    s["encoder_to_decoder.weight"] = (e, d)
    return s


# forward passes; P is the state dict


def norm(x, P, p, eps):
    return F.layer_norm(x, x.shape[-1:], P[p + ".weight"], P[p + ".bias"], eps)


def linear(x, P, p):
    return F.linear(x, P[p + ".weight"], P.get(p + ".bias"))


def vit_block(x, P, p, heads):
    b, n, d = x.shape
    y = norm(x, P, p + "norm1", 1e-6)
    bias = None
    if p + "attn.q_bias" in P:
        q_bias = P[p + "attn.q_bias"]
        bias = torch.cat([q_bias, torch.zeros_like(q_bias), P[p + "attn.v_bias"]])
    q, k, v = F.linear(y, P[p + "attn.qkv.weight"], bias).reshape(b, n, 3, heads, -1).permute(2, 0, 3, 1, 4)
    weights = (q * (d // heads) ** -0.5 @ k.transpose(-2, -1)).softmax(-1)
    y = linear((weights @ v).transpose(1, 2).reshape(b, n, d), P, p + "attn.proj")
    x = x + y * P.get(p + "gamma_1", 1)
    y = linear(F.gelu(linear(norm(x, P, p + "norm2", 1e-6), P, p + "mlp.fc1")), P, p + "mlp.fc2")
    return x + y * P.get(p + "gamma_2", 1)


def embed(video, P, p):
    kernel = P[p + ".weight"]
    return F.conv3d(video, kernel, P.get(p + ".bias"), stride=kernel.shape[2:]).flatten(2).transpose(1, 2)


def visible(x, mask):
    return x[~mask].reshape(x.shape[0], -1, x.shape[-1])


def student(P, c, video, mask):
    x = embed(video, P, "encoder.patch_embed.proj")
    positions = sinusoid(x.shape[1], x.shape[2])[None]
    x = visible(x + P.get("encoder.pos_embed", positions), mask)
    depth, k, interval = c["encoder_depth"], c["clip_return_layer"], c["clip_student_return_interval"]
    wanted = {depth - int(i * interval) - 1 for i in range(k)}
    kept = []
    for i in range(depth):
        x = vit_block(x, P, f"encoder.blocks.{i}.", c["encoder_num_heads"])
        if i in wanted:
            kept.append(x)
    out = []
    for i, one in enumerate(kept):
        y = norm(one, P, "encoder.norm", 1e-6) + visible(positions.expand(x.shape[0], -1, -1), mask)
        y = norm(linear(y, P, f"clip_decoder.{i}.head"), P, f"clip_decoder.{i}.norm", 1e-6)
        out.append(y / y.norm(dim=-1, keepdim=True) if c["clip_norm_type"] == "l2" else y)
    return {"output": torch.stack(out)}


def clip(P, c, video, mask=None):
    """P has the model's shapes: kernel inflated, positions resized."""
    kernel = P["conv1.weight"]
    x = F.conv3d(video, kernel, stride=kernel.shape[2:])
    b, w, t, gh, gw = x.shape
    x = x.permute(0, 2, 3, 4, 1).reshape(b * t, gh * gw, w)
    x = torch.cat([P["class_embedding"].expand(b * t, 1, w), x], 1) + P["positional_embedding"]
    x = norm(x, P, "ln_pre", 1e-5)
    if mask is not None:
        x = torch.cat([x[:, :1], x[:, 1:][~mask.reshape(b * t, -1)].reshape(b * t, -1, w)], 1)
    depth, interval = c["layers"], c["clip_return_interval"]
    wanted = {depth - int(i * interval) - 1 for i in range(c["clip_return_layer"])}
    kept = []
    for i in range(depth):
        p = f"transformer.resblocks.{i}."
        y = norm(x, P, p + "ln_1", 1e-5).transpose(0, 1)
        y, attention = F.multi_head_attention_forward(
            y, y, y, w, c["heads"], P[p + "attn.in_proj_weight"], P[p + "attn.in_proj_bias"], None, None, False, 0.0,
            P[p + "attn.out_proj.weight"], P[p + "attn.out_proj.bias"], need_weights=True,
        )
        x = x + y.transpose(0, 1)
        y = linear(norm(x, P, p + "ln_2", 1e-5), P, p + "mlp.c_fc")
        x = x + linear(y * torch.sigmoid(1.702 * y), P, p + "mlp.c_proj")
        if i in wanted:
            kept.append(x)
    y = norm(torch.stack(kept)[:, :, 1:], P, "ln_post", 1e-5).reshape(len(kept), b, -1, w) @ P["proj"]
    y = y / y.norm(dim=-1, keepdim=True) if c["clip_norm_type"] == "l2" else y
    return {"output": y, "attention": attention[:, 0, 1:]}


def classifier_positions(c):
    d, frames, side = c["embed_dim"], c["all_frames"] // c["tubelet_size"], c["img_size"] // c["patch_size"]
    table = sinusoid(1568, d).reshape(8, 14, 14, d).permute(0, 3, 1, 2)
    if side != 14:
        table = F.interpolate(table, size=(side, side), mode="bicubic", align_corners=False)
    table = table.permute(2, 3, 1, 0).reshape(-1, d, 8)
    if frames != 8:
        table = F.interpolate(table, size=frames, mode="linear")
    return table.permute(2, 0, 1).reshape(1, -1, d)


def classifier(P, c, video):
    x = embed(video, P, "patch_embed.proj")
    x = x + (P["pos_embed"].detach() if "pos_embed" in P else classifier_positions(c))
    for i in range(c["depth"]):
        x = vit_block(x, P, f"blocks.{i}.", c["num_heads"])
    x = norm(x.mean(1), P, "fc_norm", 1e-6) if c["use_mean_pooling"] else norm(x, P, "norm", 1e-6)[:, 0]
    return {"output": linear(x, P, "head")}


def videomae(P, c, video, mask):
    x = embed(video, P, "encoder.patch_embed.proj")
    x = visible(x + sinusoid(x.shape[1], x.shape[2]), mask)
    for i in range(c["encoder_depth"]):
        x = vit_block(x, P, f"encoder.blocks.{i}.", c["encoder_num_heads"])
    x = linear(norm(x, P, "encoder.norm", 1e-6), P, "encoder_to_decoder")
    b, n = mask.shape
    positions = sinusoid(n, x.shape[2]).expand(b, -1, -1)
    x = torch.cat([x + visible(positions, mask), P["mask_token"] + visible(positions, ~mask)], 1)
    for i in range(c["decoder_depth"]):
        x = vit_block(x, P, f"decoder.blocks.{i}.", c["decoder_num_heads"])
    x = x[:, -int(mask[0].sum()):]
    return {"output": linear(norm(x, P, "decoder.norm", 1e-6), P, "decoder.head")}


def own_pixels(c, video, mask):
    mean = torch.tensor([0.485, 0.456, 0.406])[None, :, None, None, None]
    std = torch.tensor([0.229, 0.224, 0.225])[None, :, None, None, None]
    b, _, t, h, w = video.shape
    k, p = c["tubelet_size"], c["patch_size"]
    x = (video * std + mean).reshape(b, 3, t // k, k, h // p, p, w // p, p)
    x = x.permute(0, 2, 4, 6, 3, 5, 7, 1).reshape(b, -1, k * p * p, 3)
    x = (x - x.mean(2, keepdim=True)) / (x.var(2, unbiased=True, keepdim=True).sqrt() + 1e-6)
    return visible(x.flatten(2), ~mask)


# losses


def aligned(y, z):
    losses = {"l2": (2 - 2 * (y * z).sum(-1)).mean(), "mse": F.mse_loss(y, z), "smooth_l1": F.smooth_l1_loss(y, z)}
    return losses, losses["l2"]


def write_safetensors(path, tensors):
    kinds = {torch.float32: "F32", torch.uint8: "U8", torch.bool: "BOOL", torch.int32: "I32", torch.int64: "I64"}
    header, data = {}, b""
    for name, one in tensors.items():
        raw = one.contiguous().numpy().tobytes()
        header[name] = {"dtype": kinds[one.dtype], "shape": list(one.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def case(name, kind, config, weights, saved, run, inputs, losses_of, legacy=False):
    """weights: the state dict that the model has; saved: what is in the file."""
    for one in weights.values():
        one.requires_grad_(True)
    outputs = run(weights)
    expected = {key: one.detach() for key, one in outputs.items()}
    losses, objective = losses_of(outputs["output"])
    expected.update({f"loss.{key}": one.detach() for key, one in losses.items()})
    objective.backward()
    for key, one in weights.items():
        expected["grad." + key] = torch.zeros_like(one) if one.grad is None else one.grad
    if isinstance(saved, torch.jit.ScriptModule):
        saved.save(f"{folder}/{name}.pth")
    else:
        torch.save(saved, f"{folder}/{name}.pth", _use_new_zipfile_serialization=not legacy)
    torch.save(expected, f"{folder}/{name}.expected.pth")
    write_safetensors(f"{folder}/{name}.in.safetensors", inputs)
    with open(f"{folder}/{name}.json", "w") as file:
        json.dump({"type": kind, "config": config}, file)


def clone(weights):
    return OrderedDict((name, one.detach().clone()) for name, one in weights.items())


def fill(shapes):
    return OrderedDict((name, weight(name, shape)) for name, shape in shapes.items())


def scripted(tensors):
    """A TorchScript archive with parameters of these names, as OpenAI ships CLIP."""
    root = torch.nn.Module()
    for name, one in tensors.items():
        *path, last = name.split(".")
        place = root
        for part in path:
            if not hasattr(place, part):
                place.add_module(part, torch.nn.Module())
            place = getattr(place, part)
        place.register_parameter(last, torch.nn.Parameter(one.detach().clone()))
    return torch.jit.script(root)


def masks(b, t, patches, offsets):
    """Of every frame the same number of patches stays."""
    mask = torch.ones(b, t, patches, dtype=torch.bool)
    for i in range(b):
        for j in range(t):
            for o in offsets:
                mask[i, j, (3 * i + 5 * j + o) % patches] = False
    return mask.reshape(b, -1)


blocks = {"mlp_ratio": 4, "qkv_bias": True}
video = numbers("video", (2, 3, 2, 64, 64), 2)
mask = masks(2, 2, 16, (0, 2, 7, 11))

# the fixtures' teacher, whose features are also the student's target
c = {"input_resolution": 64, "patch_size": 16, "width": 24, "layers": 4, "heads": 3, "output_dim": 10}
c.update({"clip_norm_type": "l2", "kernel_size": 1, "return_attn": True, "clip_return_layer": 2, "clip_return_interval": 1})
file = fill(clip_shapes(c, 4))
tower = clone(file)
tower["conv1.weight"] = tower["conv1.weight"].unsqueeze(2)
with torch.no_grad():
    features = clip(tower, c, video)["output"]
other = numbers("other", tuple(features.shape), 1)
case("teacher", "clip-vision", c, tower, file, lambda P: clip(P, c, video), {"video": video, "target": other},
     lambda y: aligned(y, other))

# the fixtures' student, saved as pre-training saves it
c1 = {"img_size": 64, "patch_size": 16, "encoder_embed_dim": 24, "encoder_depth": 4, "encoder_num_heads": 3, **blocks}
c1.update({"num_frames": 2, "tubelet_size": 1, "clip_decoder_embed_dim": 24, "clip_output_dim": 10, "clip_norm_type": "l2"})
c1.update({"clip_return_layer": 2, "clip_student_return_interval": 1, "init_values": 0, "use_learnable_pos_emb": False})
P1 = fill(student_shapes(c1))
target1 = torch.stack([visible(one, mask) for one in features])
training = {"model": clone(P1), "optimizer": {"state": {0: {"step": 3, "exp_avg": torch.ones(5)}}, "param_groups": []},
            "epoch": 199, "scaler": {"scale": 65536.0}, "args": argparse.Namespace(lr=1.5e-4, model="umt", output_dir="x")}
case("student", "umt-pretrain", c1, P1, training, lambda P: student(P, c1, video, mask),
     {"video": video, "mask": mask.to(torch.uint8), "target": target1}, lambda y: aligned(y, target1))

# every option otherwise, half precision under `module`, in the format before PyTorch 1.6
c2 = {"img_size": 48, "patch_size": 16, "encoder_embed_dim": 12, "encoder_depth": 5, "encoder_num_heads": 2, "mlp_ratio": 3}
c2.update({"qkv_bias": False, "num_frames": 4, "tubelet_size": 2, "clip_decoder_embed_dim": 12, "clip_output_dim": 7})
c2.update({"clip_norm_type": "none", "clip_return_layer": 3, "clip_student_return_interval": 1.5, "init_values": 0.1})
c2["use_learnable_pos_emb"] = True
P2 = OrderedDict((name, one.half().float()) for name, one in fill(student_shapes(c2)).items())
video2 = numbers("video", (2, 3, 4, 48, 48), 2)
mask2 = masks(2, 2, 9, (0, 4, 5))
target2 = numbers("target", (3, 2, 6, 7), 1)
case("options", "umt-pretrain", c2, P2, {"module": OrderedDict((n, one.detach().half()) for n, one in P2.items())},
     lambda P: student(P, c2, video2, mask2), {"video": video2, "mask": mask2, "target": target2},
     lambda y: aligned(y, target2), legacy=True)

# the whole CLIP of another resolution, TorchScript in half precision: kernel inflated to two frames, positions resized, patches dropped
c3 = {**c, "layers": 3, "kernel_size": 2, "clip_norm_type": "none", "clip_return_interval": 2, "patch_size": 12, "input_resolution": 48}
file3 = OrderedDict((name, one.half().float()) for name, one in fill(clip_shapes(c3, 3)).items())
tower3 = clone(file3)
kernel = tower3["conv1.weight"]
tower3["conv1.weight"] = torch.stack([torch.zeros_like(kernel), kernel], 2)
table = tower3["positional_embedding"]
resized = F.interpolate(table[1:].reshape(1, 3, 3, -1).permute(0, 3, 1, 2), size=(4, 4), mode="bicubic", align_corners=False)
tower3["positional_embedding"] = torch.cat([table[:1], resized.permute(0, 2, 3, 1).reshape(16, -1)])
whole = OrderedDict(("visual." + name, one.half()) for name, one in file3.items())
whole.update({"logit_scale": torch.tensor(4.6), "text_projection": torch.ones(4, 4), "token_embedding.weight": torch.ones(9, 4)})
video3 = numbers("video", (2, 3, 4, 48, 48), 2)
mask3 = masks(2, 2, 16, (1, 2, 3, 9, 12))
target3 = numbers("target", (2, 2, 10, 10), 1)
case("whole-clip", "clip-vision", c3, tower3, scripted(whole), lambda P: clip(P, c3, video3, mask3),
     {"video": video3, "mask": mask3, "target": target3}, lambda y: aligned(y, target3))

# the fixtures' classifiers, with the position tables that PyTorch makes of the sine table
labels = torch.tensor([5, 2])
for name, depth, scale, mean in (("classifier", 3, 0, True), ("first-token", 2, 0.1, False)):
    c4 = {"img_size": 64, "patch_size": 16, "num_classes": 7, "embed_dim": 24, "depth": depth, "num_heads": 3, **blocks}
    c4.update({"all_frames": 2, "tubelet_size": 1, "init_values": scale, "use_mean_pooling": mean})
    P4 = OrderedDict([("pos_embed", classifier_positions(c4)), *fill(classifier_shapes(c4)).items()])

    def cross_entropy(y):
        loss = F.cross_entropy(y, labels)
        return {"cross_entropy": loss}, loss

    case(name, "video-classifier", c4, P4, clone(P4), lambda P, c4=c4: classifier(P, c4, video),
         {"video": video, "target": labels if mean else labels.to(torch.int32)}, cross_entropy)

# VideoMAE against its video's own pixels
c5 = {"img_size": 64, "patch_size": 16, "encoder_embed_dim": 24, "encoder_depth": 2, "encoder_num_heads": 3, **blocks}
c5.update({"num_frames": 4, "tubelet_size": 2, "decoder_num_classes": 1536, "decoder_embed_dim": 12, "decoder_depth": 2})
c5["decoder_num_heads"] = 3
P5 = fill(videomae_shapes(c5))
video5 = numbers("video", (2, 3, 4, 64, 64), 2)


def mse(y):
    loss = F.mse_loss(y, own_pixels(c5, video5, mask))
    return {"mse": loss}, loss


case("videomae", "videomae-pretrain", c5, P5, {"model": clone(P5)}, lambda P: videomae(P, c5, video5, mask),
     {"video": video5, "mask": mask}, mse)

# and a target that is given
P6 = fill(videomae_shapes(c5))
target5 = numbers("target", (2, 24, 1536), 1)
case("videomae-target", "videomae-pretrain", c5, P6, clone(P6), lambda P: videomae(P, c5, video5, mask),
     {"video": video5, "mask": mask, "target": target5}, lambda y: aligned(y, target5))
