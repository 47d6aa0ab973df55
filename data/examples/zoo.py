# The networks of the example models, in PyTorch.
# SPDX-License-Identifier: MIT
"""Model zoo: every model takes raw inputs (images: x/255 float32 NCHW)."""
import math, torch, torch.nn as nn, torch.nn.functional as F
def cbr(i,o,k=3,s=1,p=None,g=1,act=nn.ReLU):
    p=k//2 if p is None else p
    l=[nn.Conv2d(i,o,k,s,p,groups=g,bias=False),nn.BatchNorm2d(o)]
    if act: l.append(act())
    return nn.Sequential(*l)
class MLP(nn.Module):
    def __init__(s,dims,act=nn.ReLU,bn=False):
        super().__init__(); l=[nn.Flatten()]
        for i in range(len(dims)-2):
            l+= [nn.Linear(dims[i],dims[i+1])]+([nn.BatchNorm1d(dims[i+1])] if bn else [])+[act() if not isinstance(act,list) else act[i]()]
        l.append(nn.Linear(dims[-2],dims[-1])); s.f=nn.Sequential(*l)
    def forward(s,x): return s.f(x)
class LeNetBN(nn.Module):
    def __init__(s):
        super().__init__()
        s.c=nn.Sequential(nn.Conv2d(1,16,5),nn.BatchNorm2d(16),nn.ReLU(),nn.MaxPool2d(2),nn.Conv2d(16,32,5),nn.BatchNorm2d(32),nn.ReLU(),nn.MaxPool2d(2))
        s.f=nn.Sequential(nn.Flatten(),nn.Linear(512,120),nn.ReLU(),nn.Linear(120,84),nn.ReLU(),nn.Linear(84,10))
    def forward(s,x): return s.f(s.c(x))
class Block(nn.Module):
    def __init__(s,i,o,st):
        super().__init__(); s.a=cbr(i,o,3,st); s.b=cbr(o,o,3,1,act=None)
        s.sc=nn.Identity() if i==o and st==1 else cbr(i,o,1,st,act=None)
    def forward(s,x): return F.relu(s.b(s.a(x))+s.sc(x))
class ResNet(nn.Module):
    def __init__(s,cin,w=(16,32,64),n=1,nc=10):
        super().__init__(); s.stem=cbr(cin,w[0]); l=[]; i=w[0]
        for k,o in enumerate(w):
            for j in range(n): l.append(Block(i,o,2 if k and j==0 else 1)); i=o
        s.l=nn.Sequential(*l); s.gap=nn.AdaptiveAvgPool2d(1); s.fc=nn.Linear(i,nc)
    def forward(s,x): return s.fc(torch.flatten(s.gap(s.l(s.stem(x))),1))
class MobileNetV1(nn.Module):
    def __init__(s,cin,ch=((24,1),(48,2),(48,1),(96,2),(96,1),(128,1)),stem=16,nc=10,drop=0.0):
        super().__init__(); l=[cbr(cin,stem,3,1,act=nn.ReLU6)]; i=stem
        for o,st in ch: l+=[cbr(i,i,3,st,g=i,act=nn.ReLU6),cbr(i,o,1,act=nn.ReLU6)]; i=o
        s.l=nn.Sequential(*l); s.fc=nn.Linear(i,nc)
    def forward(s,x): return s.fc(s.l(x).mean([2,3]))
class Attn(nn.Module):
    def __init__(s,d,h,causal=False):
        super().__init__(); s.h=h; s.causal=causal; s.qkv=nn.Linear(d,3*d); s.o=nn.Linear(d,d)
    def forward(s,x,mask=None):
        B,T,D=x.shape; q,k,v=s.qkv(x).view(B,T,3,s.h,D//s.h).permute(2,0,3,1,4).unbind(0)
        a=q@k.transpose(-1,-2)*(1/math.sqrt(D//s.h))
        if mask is not None: a=a+mask
        return s.o((a.softmax(-1)@v).transpose(1,2).reshape(B,T,D))
class TBlock(nn.Module):
    def __init__(s,d,h,m=2):
        super().__init__(); s.n1=nn.LayerNorm(d); s.a=Attn(d,h); s.n2=nn.LayerNorm(d); s.m=nn.Sequential(nn.Linear(d,m*d),nn.GELU(),nn.Linear(m*d,d))
    def forward(s,x,mask=None): x=x+s.a(s.n1(x),mask); return x+s.m(s.n2(x))
class ViT(nn.Module):
    def __init__(s,cin,size,patch,d=64,h=4,L=4,nc=10,m=2):
        super().__init__(); s.p=nn.Conv2d(cin,d,patch,patch); n=(size//patch)**2
        s.cls=nn.Parameter(torch.zeros(1,1,d)); s.pos=nn.Parameter(torch.randn(1,n+1,d)*.02)
        s.b=nn.ModuleList([TBlock(d,h,m) for _ in range(L)]); s.n=nn.LayerNorm(d); s.fc=nn.Linear(d,nc)
    def forward(s,x):
        x=s.p(x).flatten(2).transpose(1,2); x=torch.cat([s.cls.expand(x.shape[0],-1,-1),x],1)+s.pos
        for b in s.b: x=b(x)
        return s.fc(s.n(x)[:,0])
class CharGRU(nn.Module):
    def __init__(s,V,e=32,h=192,layers=1,cell='gru'):
        super().__init__(); s.e=nn.Embedding(V,e); s.r=(nn.GRU if cell=='gru' else nn.LSTM)(e,h,layers,batch_first=True); s.o=nn.Linear(h,V)
    def forward(s,t): return s.o(s.r(s.e(t))[0])
